import type { BootstrapRecovery } from '../api/bootstraprecovery.generated.ts';
import type { Condition } from '../api/condition.ts';

/** The run's condition of that type, if the controller has set it. */
export function conditionOf(run: BootstrapRecovery, type: 'Accepted' | 'Succeeded'): Condition | undefined {
  // The answer to a create carries no status yet, not even the defaults of the schema.
  return run.status?.conditions?.find((condition) => condition.type === type);
}

/** True once the run has ended, well or badly. It stays so: terminal is terminal. */
export function isFinished(run: BootstrapRecovery): boolean {
  const status = conditionOf(run, 'Succeeded')?.status;
  return status === 'True' || status === 'False';
}
