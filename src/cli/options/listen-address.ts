import { InvalidArgumentError } from 'commander';
import type { ListenAddress } from '../../net/http-server.ts';

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`. */
export function parseListenAddress(text: string): ListenAddress {
  const { host, bracketed, port } =
    /^(?:\[(?<bracketed>[0-9a-fA-F:.]+)\]|(?<host>[^\s:[\]]*)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError('Give host:port, or :port for all interfaces; port 0 takes any free one.');
  }
  return { host: bracketed ?? (host || undefined), port: Number(port) };
}

/** Names with commas between. */
export function parseNameList(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name))) {
    throw new InvalidArgumentError('Give names of namespaces with commas between.');
  }
  return names;
}
