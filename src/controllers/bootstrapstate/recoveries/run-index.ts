import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import { stateName } from '../names.ts';

/**
 * Name of the index under which the cache files runs by the BootstrapState of their app: `namespace/name`.
 */
export const stateIndex = 'state';

/** The BootstrapState of the app of a run, whether or not there is one. */
export function statesOfRun({ metadata, spec }: BootstrapRecovery): readonly string[] {
  return [`${metadata.namespace}/${stateName(spec.targetRef.name, spec)}`];
}
