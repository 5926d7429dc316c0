import type { PolicyFacts } from './decide.ts';
import { type AppEntry, looked } from './entry.ts';
import { allowedFrom, needsRecovery, ordered } from './pending-recoveries.ts';
import type { Reading } from './reading.ts';

/** What a look leads to. */
export interface Consequence {
  readonly entry: AppEntry;
  /** A recovery was needed and the limit forbade it. */
  readonly suppressed: boolean;
}

/** The entry after a look, with a recovery ordered where one is due. Only a fresh loss ever orders one. */
export function consequenceOf(
  { policy, target }: PolicyFacts,
  entry: AppEntry,
  reading: Reading,
  now: Date,
): Consequence {
  const next = looked(entry, reading, now);
  const { metadata, spec } = policy;
  const wanted = reading.kind === 'lost' && mayRecover({ policy, target }) && needsRecovery(next, spec);
  if (!wanted) {
    return { entry: next, suppressed: false };
  }
  return allowedFrom(next, spec, now) === undefined
    ? { entry: ordered(next, metadata.name, now), suppressed: false }
    : { entry: next, suppressed: true };
}

/** Whether the policy may create recoveries at all. */
export function mayRecover({ policy, target }: Pick<PolicyFacts, 'policy' | 'target'>): boolean {
  const { action, suspend } = policy.spec;
  return action === 'Recover' && !suspend && target?.spec.accessMode !== 'ReadOnly';
}
