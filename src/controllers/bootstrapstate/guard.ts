import { createHash } from 'node:crypto';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy, RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';

/** What the policies that cover an app want together. */
export interface Guard {
  /** Every policy that covers the app and is not suspended, by name; at least one. */
  readonly policies: readonly RecoveryPolicy[];
  /**
   * The policy that decides about recoveries and judges the app: the first by name with action Recover, else
   * the first. One decides, so that two policies never repair one app twice.
   */
  readonly lead: RecoveryPolicy;
  /** The policy that decides about refreshing, if one wants it. */
  readonly refresher: RecoveryPolicy | undefined;
  readonly captureSettings: boolean;
  readonly fullVerificationMs: number;
  /** Changes with every change of a policy, its trigger included. */
  readonly revision: string;
}

/** Whether a policy covers an app of its own target. */
export function policyCovers(
  { spec }: Pick<RecoveryPolicy, 'spec'>,
  { spec: state }: Pick<BootstrapState, 'spec'>,
): boolean {
  if (spec.targetRef.name !== state.targetRef.name) {
    return false;
  }
  return spec.apps === undefined
    ? true
    : spec.apps.some(({ adminName, appName }) => adminName === state.adminName && appName === state.appName);
}

/**
 * What the policies of a target want for one of its apps; undefined when none that is not suspended covers
 * it.
 *
 * @param policies of the target
 */
export function guardOf(
  policies: readonly RecoveryPolicy[],
  state: Pick<BootstrapState, 'spec'>,
): Guard | undefined {
  const covering = policies
    .filter((policy) => !policy.spec.suspend && policy.metadata.deletionTimestamp === undefined)
    .filter((policy) => policyCovers(policy, state))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const [first] = covering;
  if (first === undefined) {
    return undefined;
  }
  return {
    policies: covering,
    lead: covering.find(({ spec }) => spec.action === 'Recover') ?? first,
    refresher: covering.find(({ spec }) => spec.refresh !== 'Never'),
    captureSettings: covering.some(({ spec }) => spec.captureSettings),
    fullVerificationMs: Math.min(...covering.map(({ spec }) => spec.fullVerificationIntervalSeconds)) * 1000,
    revision: revisionOf(covering),
  };
}

/** Whether recoveries may be created at all. */
export function isRecoveryEnabled(
  { lead }: Pick<Guard, 'lead'>,
  target: Pick<RecoveryTarget, 'spec'> | undefined,
): boolean {
  return lead.spec.action === 'Recover' && target !== undefined && target.spec.accessMode !== 'ReadOnly';
}

/** Whether a policy, by name, still may have the run created that it ordered. */
export function mayCreateRun(
  { policies }: Pick<Guard, 'policies'>,
  target: Pick<RecoveryTarget, 'spec'>,
  policyName: string,
): boolean {
  const policy = policies.find(({ metadata }) => metadata.name === policyName);
  return policy !== undefined && isRecoveryEnabled({ lead: policy }, target);
}

/** The rules of the leading policy. */
export type RecoveryRules = Pick<RecoveryPolicySpec, 'stabilizationSeconds' | 'maxRecoveriesPerHour'>;

function revisionOf(policies: readonly RecoveryPolicy[]): string {
  const hash = createHash('sha256');
  for (const { metadata } of policies) {
    hash.update(JSON.stringify([metadata.uid, metadata.generation]));
  }
  return hash.digest('hex').slice(0, 16);
}
