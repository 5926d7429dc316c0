import type { BootstrapRecovery } from '../bootstraprecovery.generated.ts';
import { type Condition, findCondition } from '../condition.ts';

/** `Succeeded`, the condition that says how a run stands; undefined until the controller has seen it. */
export function succeededOf(run: BootstrapRecovery): Condition | undefined {
  return findCondition(run.status.conditions, 'Succeeded');
}

/** Whether the run waits for a person: one whose plan was approved a moment ago does not. */
export function awaitsApproval(run: BootstrapRecovery): boolean {
  return succeededOf(run)?.reason === 'AwaitingApproval' && run.spec.approvedPlan !== run.status.plan?.digest;
}
