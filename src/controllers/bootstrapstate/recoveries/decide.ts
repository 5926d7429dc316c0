import type { Reading } from '../../loss-detection/reading.ts';
import type { RecoveryRules } from '../guard.ts';
import { openRecovery, type RecoveryHold, type RecoveryRecord, recoveryHold } from './records.ts';

/** What is known when it is decided whether an app is to be recovered. */
export interface RecoveryFacts {
  readonly reading: Reading;
  readonly recoveries: readonly RecoveryRecord[];
  /** Whether policy and target allow recoveries. */
  readonly isAllowed: boolean;
  readonly rules: RecoveryRules;
  /** When the present loss was noticed. */
  readonly lostSince: Date | undefined;
  readonly now: Date;
}

/** What follows from them. */
export interface RecoveryDecision {
  /** The loss has lasted long enough, and nothing speaks against a recovery. */
  readonly isDue: boolean;
  /** Why the next recovery has to wait; undefined while one is under way, because it waits for nothing. */
  readonly hold: RecoveryHold | undefined;
  /** Milliseconds that the loss has lasted. */
  readonly lastedMs: number;
  /** Milliseconds that it has to last. */
  readonly stableMs: number;
}

/** Whether an app is to be recovered. Pure. */
export function decideRecovery(facts: RecoveryFacts): RecoveryDecision {
  const { reading, recoveries, isAllowed, rules, lostSince, now } = facts;
  const isOpen = openRecovery({ recoveries }) !== undefined;
  const hold = isOpen ? undefined : recoveryHold(recoveries, rules, now);
  const lastedMs = lostSince === undefined ? 0 : now.getTime() - lostSince.getTime();
  const stableMs = rules.stabilizationSeconds * 1000;
  const isDue = reading.kind === 'lost' && isAllowed && !isOpen && hold === undefined && lastedMs >= stableMs;
  return { isDue, hold, lastedMs, stableMs };
}
