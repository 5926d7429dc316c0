import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Condition } from '../../api/condition.ts';
import { isTerminal } from '../../api/conditions.ts';

/** The run's condition of that type, if the controller has set it. */
export function conditionOf(run: BootstrapRecovery, type: 'Accepted' | 'Succeeded'): Condition | undefined {
  return conditionsOf(run).find((condition) => condition.type === type);
}

/** True once the run has ended, well or badly. It stays so: terminal is terminal. */
export function isFinished(run: BootstrapRecovery): boolean {
  return isTerminal(conditionsOf(run));
}

/** True while the run waits for another recovery of the app to end, after which it would go on. */
export function waitsForLock(run: BootstrapRecovery): boolean {
  return !isFinished(run) && conditionOf(run, 'Accepted')?.reason === 'RecoveryInProgress';
}

/** The answer to a create carries no status yet, not even the defaults of the schema. */
function conditionsOf(run: BootstrapRecovery): readonly Condition[] {
  return run.status?.conditions ?? [];
}
