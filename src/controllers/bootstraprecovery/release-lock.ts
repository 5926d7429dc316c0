import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { RecoveryError, TransientError } from '../../errors.ts';
import { lockKey } from '../../faynosync/keys.ts';
import { RedisStateStore } from '../../redis/redis-state-store.ts';
import type { ConnectionDependencies } from '../target-connection/connect-target.ts';
import { ForbiddenError } from '../target-connection/missing-permission.ts';
import { redisEndpoint } from '../target-connection/redis-endpoint.ts';
import { References } from '../target-connection/references.ts';

/**
 * Gives back the recovery lock that a run may have left behind when its controller died. Compares before it
 * deletes, so a lock of another owner stays. False when Redis can't be reached now but may be soon; a
 * lock that can't be released expires.
 */
export async function releaseRecoveryLock(
  { client, rules }: Pick<ConnectionDependencies, 'client' | 'rules'>,
  { metadata, spec }: BootstrapRecovery,
  target: RecoveryTarget | undefined,
  logger: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  if (target === undefined) {
    logger.info('the target is gone; a lock this run may have left in Redis expires');
    return true;
  }
  try {
    const references = new References(client, target.metadata.namespace ?? 'default', signal, rules);
    const store = new RedisStateStore(await redisEndpoint(target.spec.redis, references));
    try {
      const lock = { key: lockKey(spec), owner: metadata.uid, ttlMs: 0 };
      await store.release(lock, undefined, { sameConnection: false, anyAttempt: true });
      return true;
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof TransientError) {
      logger.info({ err: error }, 'the lock could not be released yet');
      return false;
    }
    if (!(error instanceof RecoveryError || error instanceof ForbiddenError)) {
      throw error;
    }
    logger.warn({ err: error }, 'the lock cannot be released; it expires');
    return true;
  }
}
