import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { App } from '../../recovery/request.ts';
import { policyCovers } from '../bootstrapstate/guard.ts';
import { stateName } from '../bootstrapstate/names.ts';

/**
 * The apps of a policy that have no BootstrapState yet: those it names, or those in the bucket.
 *
 * @param found the apps in the bucket; undefined before the first listing
 * @param states of the policy's target
 */
export function missingApps(
  { spec }: Pick<RecoveryPolicy, 'spec'>,
  found: readonly App[] | undefined,
  states: readonly Pick<BootstrapState, 'metadata'>[],
): readonly App[] {
  const present = new Set(states.map(({ metadata }) => metadata.name));
  const wanted = spec.apps ?? found ?? [];
  return wanted.filter((app) => !present.has(stateName(spec.targetRef.name, app)));
}

/**
 * The states of the apps a policy covers. An app that was found once stays, also when the bucket no longer
 * shows it.
 */
export function coveredStates(
  policy: Pick<RecoveryPolicy, 'spec'>,
  states: readonly BootstrapState[],
): readonly BootstrapState[] {
  return states.filter((state) => policyCovers(policy, state));
}
