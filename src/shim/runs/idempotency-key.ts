import type { IncomingMessage } from 'node:http';
import { HTTPError } from '../http/answer.ts';

/**
 * The `Idempotency-Key` of a request, if it has one.
 * @throws {HTTPError} 400 when it is not 1 to 255 visible ASCII characters.
 */
export function idempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers['idempotency-key'];
  if (key === undefined) {
    return undefined;
  }
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw HTTPError.with(400, 'Idempotency-Key is invalid: it must be 1 to 255 visible ASCII characters');
  }
  return key;
}
