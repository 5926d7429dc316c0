import type { Steps } from '../async/in-turns.ts';
import type { ObservedValue, ObservedValues } from '../redis/state-store.ts';
import { type Ending, finalEnding } from './ending.ts';
import type { Action, Plan } from './plan/plan.ts';
import { isComplete } from './state/classify.ts';
import type { ObservedState } from './state/observed-state.ts';

/** What R9 judges. */
export interface ReadBackEvidence {
  readonly plan: Plan;
  readonly readBack: ObservedValues;
  /** The read-back, assessed anew. */
  readonly observed: ObservedState;
}

/** R9: what the read-back lacks to prove the write; undefined when it proves it. */
export function* lackOfProof({ plan, readBack, observed }: ReadBackEvidence): Steps<Ending | undefined> {
  const key = yield* firstDifference(plan, readBack);
  if (key !== undefined) {
    return unproven(`${key} did not hold what was written when it was read back.`);
  }
  if (!isComplete(observed)) {
    return unproven('Settings were missing or invalid when they were read back.');
  }
  return undefined;
}

/** R9 with replicas: the write exists, but too few servers would survive the loss of this one. */
export function tooFewReplicas(confirmed: number, wanted: number): Ending | undefined {
  if (confirmed >= wanted) {
    return undefined;
  }
  return unproven(`${confirmed} of ${wanted} replicas confirmed the write in time.`);
}

/**
 * The first written key that does not hold what the plan said. A kept one may have been changed in between,
 * which is allowed as long as its value is valid.
 */
function* firstDifference({ actions }: Plan, readBack: ObservedValues): Steps<string | undefined> {
  for (const action of actions) {
    if (differs(action, readBack.get(action.key))) {
      return action.key;
    }
    yield;
  }
  return undefined;
}

function differs({ kind, after }: Action, held: ObservedValue | undefined): boolean {
  switch (kind) {
    case 'Keep':
      return false;
    // A dead pre-lock is no longer looked for once the marker names no bootstrap.
    case 'Delete':
      return held !== undefined && held.kind !== 'absent';
    default:
      return held?.kind !== 'string' || held.value !== after || held.ttlMs !== undefined;
  }
}

function unproven(what: string): Ending {
  return finalEnding(
    'PostVerificationFailed',
    `${what} Check replication, the eviction policy and who else writes these keys.`,
  );
}
