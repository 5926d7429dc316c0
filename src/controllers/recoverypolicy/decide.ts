import { findCondition } from '../../api/condition.ts';
import type { Verdict } from '../../api/conditions.ts';
import type { PolicyReadyReason } from '../../api/policy-reasons.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';

/** What decides whether a policy can do its work at all. */
export interface PolicyFacts {
  readonly policy: Pick<RecoveryPolicy, 'metadata' | 'spec'>;
  /** The RecoveryTarget the policy names, when there is one that is not being deleted. */
  readonly target: Pick<RecoveryTarget, 'spec' | 'status'> | undefined;
  /** How many apps it covers. */
  readonly apps: number;
  /** Whether the bucket was listed. */
  readonly isListed: boolean;
}

/** One reason to do nothing; undefined passes the question to the next check. */
type Check = (facts: PolicyFacts) => Verdict<PolicyReadyReason> | undefined;

/** In this order: the first check that objects decides. */
const checks: readonly Check[] = [suspended, targetMissing, targetSuspended, notListed, noApps];

/** Why a policy guards nothing; undefined when it does. Pure. */
export function policyObstacle(facts: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  for (const check of checks) {
    const verdict = check(facts);
    if (verdict !== undefined) {
      return verdict;
    }
  }
  return undefined;
}

function suspended({ policy }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (!policy.spec.suspend) {
    return undefined;
  }
  return { reason: 'Suspended', message: 'spec.suspend is set. Set it to false to guard the apps again.' };
}

function targetMissing({ policy, target }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  return target === undefined
    ? waiting(`RecoveryTarget ${targetName(policy)} does not exist. Create it, and the policy starts.`)
    : undefined;
}

function targetSuspended({ policy, target }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  return target?.spec.suspend
    ? waiting(
        `RecoveryTarget ${targetName(policy)} is suspended. Set its spec.suspend to false, and the policy starts.`,
      )
    : undefined;
}

/**
 * Apps that are known are guarded all the same: what is wrong with the target is then reported for each of
 * them.
 */
function notListed({ policy, target, apps, isListed }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (apps > 0 || isListed) {
    return undefined;
  }
  const ready = findCondition(target?.status.conditions, 'Ready');
  const why = ready === undefined || ready.status === 'True' ? '' : ` It says: ${ready.message}`;
  return waiting(`The bucket of RecoveryTarget ${targetName(policy)} has not been listed yet.${why}`);
}

function noApps({ policy, apps }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (apps > 0) {
    return undefined;
  }
  const message = `The bucket of RecoveryTarget ${targetName(policy)} holds no app. Check its bucket and prefix.`;
  return { reason: 'NoApps', message };
}

function waiting(message: string): Verdict<PolicyReadyReason> {
  return { reason: 'WaitingForTarget', message };
}

function targetName({ metadata, spec }: PolicyFacts['policy']): string {
  return `${metadata.namespace}/${spec.targetRef.name}`;
}
