import type { Socket } from 'node:net';
import { dial } from '../net/dial.ts';
import type { RedisEndpoint } from './endpoint.ts';

/** How long a server that says something unasked takes to say it. */
const WAIT_MS = 1_000;
/** Redis' longest text, about protected mode, has some 970 characters. */
const MAX_LENGTH = 4_096;

/**
 * What Redis tells a client that it does not let in, before it hangs up: that it runs in protected mode, or
 * that it has too many clients. A client that has sent its commands meanwhile only learns that the connection
 * was closed, so this one sends nothing. A Redis that lets clients in says nothing, either.
 *
 * @returns the text of the refusal; undefined when there is none, or no answer comes
 */
export async function readServerRefusal({
  location,
  tls,
  resolve,
}: RedisEndpoint): Promise<string | undefined> {
  if (tls !== undefined) {
    return undefined; // it would come after a handshake, which ioredis has reported
  }
  const addresses = location.kind === 'standalone' ? [location.address] : location.sentinels;
  for (const address of addresses) {
    const socket = await dial(address, { resolve, timeoutMs: WAIT_MS }).catch(() => undefined);
    const refusal = socket && (await listen(socket));
    if (refusal !== undefined) {
      return refusal;
    }
  }
  return undefined;
}

function listen(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let heard = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      // Its first sentence; Redis adds a screenful about protected mode.
      resolve(/^-(.+?)(?:\. |[.\r\n]|$)/.exec(heard)?.[1]);
    };
    const timer = setTimeout(end, WAIT_MS);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      heard += text;
      if (heard.includes('\n') || heard.length > MAX_LENGTH) {
        end();
      }
    });
    socket.once('error', end);
    socket.once('close', end);
  });
}
