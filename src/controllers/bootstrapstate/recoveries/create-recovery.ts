import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { failureEventNote, recoveryCreatedEvent, recoveryNotCreatedEvent } from '../../../api/events.ts';
import type { RecoveryPolicy } from '../../../api/recoverypolicy.generated.ts';
import { bootstrapRecoveries } from '../../../api/resources.ts';
import { describeApp } from '../../../faynosync/app.ts';
import { APIError, isAlreadyExists } from '../../../kube/client/api-error.ts';
import type { RecoveryMetrics } from '../../../observability/metrics.ts';
import type { StatusWriterDependencies } from '../../status/status-writer.ts';
import { openRecovery } from './records.ts';
import { recoveryOf } from './recovery-run.ts';

/** What a recovery is created with. */
export interface CreateRecoveryDependencies
  extends Pick<StatusWriterDependencies, 'client' | 'recorder' | 'assertLeading'> {
  readonly metrics: RecoveryMetrics;
}

/**
 * Creates the run that the status of the app orders, if it orders one. Call it once that status is written.
 * An earlier process may have created the run and died: a run of that name is that run.
 *
 * @param policies that cover the app
 * @throws {APIError} when the API server refuses
 */
export async function createRecovery(
  { client, recorder, metrics, assertLeading }: CreateRecoveryDependencies,
  state: BootstrapState,
  policies: readonly RecoveryPolicy[],
  logger: Logger,
): Promise<void> {
  const open = openRecovery(state.status);
  const policy = policies.find(({ metadata }) => metadata.name === open?.policy);
  if (open?.state !== 'Ordered' || policy === undefined) {
    return;
  }
  assertLeading();
  try {
    const run = recoveryOf(policy, state, open.name);
    const related = await client.create<BootstrapRecovery, typeof run>(bootstrapRecoveries, run);
    const { namespace = 'default', name } = policy.metadata;
    metrics.policyRecoveries.inc({ namespace, policy: name });
    logger.info({ run: open.name }, 'recovery created');
    const note = `Created BootstrapRecovery ${open.name} for ${describeApp(state.spec)}.`;
    recorder.event(state, { ...recoveryCreatedEvent, note, related });
  } catch (error) {
    if (isAlreadyExists(error)) {
      return;
    }
    if (error instanceof APIError) {
      // The condition says that it is being created; this says why that takes so long.
      const note = failureEventNote(`BootstrapRecovery ${open.name} could not be created`, error);
      recorder.event(state, { ...recoveryNotCreatedEvent, note });
    }
    throw error;
  }
}
