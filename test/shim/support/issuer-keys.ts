import { pino } from 'pino';
import { type Clock, systemClock } from '../../../src/async/clock.ts';
import { DIRECT, type ProxyRule } from '../../../src/net/proxy-rule.ts';
import { IssuerKeys } from '../../../src/shim/auth/issuer-keys.ts';
import { JSONClient } from '../../../src/shim/auth/json-client.ts';
import { readIssuerKeySet, readKeySet } from '../../../src/shim/auth/key-documents.ts';

/**
 * Keys of a JWKS document, or, given an issuer's name, those its discovery document leads to; and what was
 * logged about them.
 */
export function issuerKeys(
  source: URL | string,
  clock: Clock = systemClock,
  proxy: ProxyRule = DIRECT,
): { readonly keys: IssuerKeys; readonly lines: readonly Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const client = new JSONClient(proxy);
  const read = () =>
    typeof source === 'string' ? readIssuerKeySet(client, source) : readKeySet(client, source);
  // Each line is an object that pino made.
  const write = (line: string): number => lines.push(JSON.parse(line) as Record<string, unknown>);
  const keys = new IssuerKeys({ read, clock, random: () => 0, logger: pino({}, { write }) });
  return { keys, lines };
}
