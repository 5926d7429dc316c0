import type { StateVerdicts } from '../../api/bootstrapstate/conditions.ts';
import type { HealthyReason } from '../../api/bootstrapstate/reasons.ts';
import type { Verdict } from '../../api/conditions.ts';
import { isPermanent } from '../../api/policy-reasons.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import type { Reading } from '../loss-detection/reading.ts';
import { type Guard, isRecoveryEnabled } from './guard.ts';
import { openRecovery, type RecoveryHold, type RecoveryRecord } from './recoveries/records.ts';

/** What `Healthy` is made from. */
export interface HealthFacts {
  readonly reading: Reading;
  readonly guard: Guard;
  readonly target: RecoveryTarget;
  readonly recoveries: readonly RecoveryRecord[];
  /** When the present loss was noticed. */
  readonly lostSince: Date | undefined;
  /** Why the next recovery has to wait. */
  readonly hold: RecoveryHold | undefined;
}

/** What the condition says, and whether anything is done about it. */
export interface Health {
  readonly healthy: Verdict<HealthyReason>;
  readonly progress: StateVerdicts['progress'];
}

/** Whether the app is fine, and what happens next when it is not. Pure. */
export function healthOf(facts: HealthFacts): Health {
  const { reading } = facts;
  switch (reading.kind) {
    case 'consistent':
      return { healthy: { reason: 'Consistent', message: consistent(reading.state) }, progress: 'current' };
    case 'busy':
      return { healthy: { reason: 'ServerBusy', message: busy(reading.state) }, progress: 'reconciling' };
    case 'unverifiable':
      return {
        healthy: { reason: reading.reason, message: reading.message },
        progress: isPermanent(reading.reason) ? 'stalled' : 'reconciling',
      };
    case 'lost':
      return lost(facts, reading.state);
  }
}

function consistent(state: string): string {
  const every = 'Every setting is present and valid.';
  return state === 'Ceremony' ? `${every} A signing ceremony of the server is under way.` : every;
}

function busy(state: string): string {
  return state === 'InProgress'
    ? 'The server is bootstrapping the app.'
    : 'Another recovery holds the lock of this app.';
}

function lost(facts: HealthFacts, state: string): Health {
  const { next, progress } = whatFollows(facts);
  const since = facts.lostSince === undefined ? '' : ` since ${rfc3339(facts.lostSince)}`;
  return { healthy: { reason: 'SettingsLost', message: `${state}${since}; ${next}.` }, progress };
}

function whatFollows({ guard, target, recoveries, hold }: HealthFacts): {
  readonly next: string;
  readonly progress: Health['progress'];
} {
  const { lead } = guard;
  const open = openRecovery({ recoveries });
  if (open !== undefined) {
    const stands = open.state === 'Ordered' ? 'is being created' : 'is under way';
    return { next: `recovery ${open.name} ${stands}`, progress: 'reconciling' };
  }
  if (lead.spec.action === 'Report') {
    return {
      next: 'create a BootstrapRecovery to repair it, or set action: Recover on the policy',
      progress: 'stalled',
    };
  }
  if (!isRecoveryEnabled(guard, target)) {
    return {
      next: `RecoveryTarget ${target.metadata.name} is ReadOnly, so it is only reported: set accessMode: ReadWrite on it`,
      progress: 'stalled',
    };
  }
  if (hold?.kind === 'breaker') {
    return {
      next: `the limit of recoveries is reached; the next one is created after ${rfc3339(hold.until)}`,
      progress: 'stalled',
    };
  }
  if (hold !== undefined) {
    return {
      next: `the last recovery wrote nothing; the next one is created after ${rfc3339(hold.until)}`,
      progress: 'reconciling',
    };
  }
  return {
    next: `a recovery follows when it has lasted ${lead.spec.stabilizationSeconds} s`,
    progress: 'reconciling',
  };
}
