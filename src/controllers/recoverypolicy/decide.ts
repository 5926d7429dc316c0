import { findCondition } from '../../api/condition.ts';
import type { Verdict } from '../../api/conditions.ts';
import type { PolicyReadyReason } from '../../api/policy-reasons.ts';
import type { RecoveryPolicy, RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { type AppEntry, isUnverifiable } from './entry.ts';

/** Everything the decision depends on. */
export interface PolicyFacts {
  readonly policy: Pick<RecoveryPolicy, 'metadata' | 'spec' | 'status'>;
  /** The RecoveryTarget the policy names, when there is one that is not being deleted. */
  readonly target: Pick<RecoveryTarget, 'spec' | 'status'> | undefined;
  readonly now: Date;
}

/** What happens next to a policy. */
export type Decision =
  /** Nothing is looked at until something changes; the verdict says why. */
  | { readonly kind: 'rest'; readonly ready: Verdict<PolicyReadyReason> }
  /** Look at these apps now. Empty: no app's time has come. */
  | { readonly kind: 'look'; readonly due: readonly AppEntry[] };

/** Milliseconds until an app that could not be verified is looked at again, when the interval is longer. */
const unverifiableInterval = 30_000;

/** One reason to look at nothing; undefined passes the question to the next check. */
type Check = (facts: PolicyFacts, entries: readonly AppEntry[]) => Verdict<PolicyReadyReason> | undefined;

/** In this order: the first check that objects decides. */
const checks: readonly Check[] = [suspended, targetMissing, targetSuspended, targetUnknown, noApps];

/** What to do about a policy, from facts alone. */
export function decide(facts: PolicyFacts, entries: readonly AppEntry[]): Decision {
  for (const check of checks) {
    const ready = check(facts, entries);
    if (ready !== undefined) {
      return { kind: 'rest', ready };
    }
  }
  const { policy, now } = facts;
  const all = isAsked(policy);
  const due = entries.filter((entry) => all || dueAt(entry, policy.spec) <= now.getTime());
  return { kind: 'look', due };
}

/** When an app is looked at next; undefined when there is none. */
export function nextLook(entries: readonly AppEntry[], spec: RecoveryPolicySpec): Date | undefined {
  const times = entries.map((entry) => dueAt(entry, spec));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

function dueAt({ lastLooked, ...entry }: AppEntry, { intervalSeconds }: RecoveryPolicySpec): number {
  if (lastLooked === undefined) {
    return 0;
  }
  const intervalMs = intervalSeconds * 1000;
  return (
    Date.parse(lastLooked) + (isUnverifiable(entry) ? Math.min(intervalMs, unverifiableInterval) : intervalMs)
  );
}

/** A changed spec, the trigger among it, is reason enough for a look at everything. */
function isAsked({ metadata, spec, status }: PolicyFacts['policy']): boolean {
  return status.observedGeneration !== metadata.generation || status.lastHandledTrigger !== spec.trigger;
}

function suspended({ policy }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (!policy.spec.suspend) {
    return undefined;
  }
  return {
    reason: 'Suspended',
    message: 'spec.suspend is set. Set it to false to have apps looked at again.',
  };
}

function targetMissing({ policy, target }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (target !== undefined) {
    return undefined;
  }
  return waiting(
    `RecoveryTarget ${targetName(policy)} does not exist. Create it, and the policy goes on by itself.`,
  );
}

function targetSuspended({ policy, target }: PolicyFacts): Verdict<PolicyReadyReason> | undefined {
  if (!target?.spec.suspend) {
    return undefined;
  }
  return waiting(
    `RecoveryTarget ${targetName(policy)} is suspended. Set its spec.suspend to false, and the policy goes on by itself.`,
  );
}

/** Known apps are looked at all the same: what is wrong with the target is then told for each of them. */
function targetUnknown(
  { policy, target }: PolicyFacts,
  entries: readonly AppEntry[],
): Verdict<PolicyReadyReason> | undefined {
  if (entries.length > 0 || target?.status.apps !== undefined) {
    return undefined;
  }
  const ready = findCondition(target?.status.conditions, 'Ready');
  const why = ready === undefined || ready.status === 'True' ? '' : ` It says: ${ready.message}`;
  return waiting(`RecoveryTarget ${targetName(policy)} has not listed the apps in its bucket yet.${why}`);
}

function noApps(
  { policy }: PolicyFacts,
  entries: readonly AppEntry[],
): Verdict<PolicyReadyReason> | undefined {
  if (entries.length > 0) {
    return undefined;
  }
  const message = `RecoveryTarget ${targetName(policy)} has found no app in its bucket. Check its bucket and prefix.`;
  return { reason: 'NoApps', message };
}

function waiting(message: string): Verdict<PolicyReadyReason> {
  return { reason: 'WaitingForTarget', message };
}

function targetName({ metadata, spec }: PolicyFacts['policy']): string {
  return `${metadata.namespace}/${spec.targetRef.name}`;
}
