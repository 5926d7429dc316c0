import { asRedisError } from './connect.ts';
import { RedisConnection } from './connection.ts';
import type { RedisEndpoint } from './endpoint.ts';
import { refusedCommand } from './scripts.ts';

/** A command that the ACL refuses, and a key on which it does. */
export interface RefusedCommand {
  readonly command: string;
  readonly key: string;
}

/**
 * Which of the commands that write a recovery the ACL refuses this user on these keys. Asks Redis and writes
 * nothing. Undefined when Redis can't be asked: before version 7.0.
 *
 * @throws TransientError or TerminalError of the Redis taxonomy, `RedisNoPermission` when even reading is
 * refused
 */
export async function refusedCommands(
  endpoint: RedisEndpoint,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly RefusedCommand[] | undefined> {
  const connection = new RedisConnection(endpoint);
  try {
    const [reply] = await connection.exchange([refusedCommand(keys)], { signal });
    if (reply !== undefined && 'error' in reply) {
      if (/^ERR unknown command/i.test(reply.error.message)) {
        return undefined;
      }
      throw asRedisError(reply.error, endpoint);
    }
    const found: unknown = reply?.value;
    if (found === null) {
      return undefined;
    }
    if (!Array.isArray(found)) {
      throw asRedisError(new Error('an answer that is none of refused.lua'), endpoint);
    }
    return pairs(found.map(String));
  } finally {
    connection.close();
  }
}

function pairs(flat: readonly string[]): readonly RefusedCommand[] {
  return flat.flatMap((command, at) => (at % 2 === 0 ? [{ command, key: flat[at + 1] ?? '' }] : []));
}
