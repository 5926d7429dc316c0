import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { concludedWithout, type Draft, draftOf } from './draft.ts';

/** The status of a run that waits for its turn; undefined when it says what it has to say already. */
export function queued(run: BootstrapRecovery, because: string, now: Date): Draft | undefined {
  const { metadata, status } = run;
  const reason = findCondition(status.conditions, 'Succeeded')?.reason;
  // A failed attempt is counted by this reason (see nextAttempt in decide.ts), so it stays until the next one begins.
  if (reason === 'Retrying') {
    return undefined;
  }
  if (reason === 'Pending' && status.observedGeneration === metadata.generation) {
    return undefined;
  }
  return concludedWithout(draftOf(run), { reason: 'Pending', message: because }, now);
}
