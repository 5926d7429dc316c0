import type { Verdict } from '../../api/conditions.ts';
import type { LossDetectionReason } from '../../api/target-reasons.ts';
import type { RedisAvailability } from '../loss-detection/redis-watch.ts';

/** How a loss in the Redis of a target becomes known. Pure. */
export function lossDetectionVerdict(
  availability: RedisAvailability | undefined,
): Verdict<LossDetectionReason> {
  switch (availability?.kind) {
    case undefined:
      return { reason: 'NotGuarded', message: 'No RecoveryPolicy guards apps of this target.' };
    case 'connecting':
      return { reason: 'Unavailable', message: 'The connection to Redis is being opened.' };
    case 'down':
      return { reason: 'Unavailable', message: availability.error.message };
    case 'up':
      return availability.tracking.kind === 'immediate'
        ? {
            reason: 'Immediate',
            message: availability.tracking.proven
              ? 'Redis reports changed keys, proven by a key of our own.'
              : 'Redis reports changed keys; the user may not write the key that would prove it.',
          }
        : {
            reason: 'Polling',
            message: `Keys are read again every few seconds: ${availability.tracking.why}`,
          };
  }
}
