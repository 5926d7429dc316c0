import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import type { ConnectionError } from '../../kube/client/connection-error.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { CommandContext } from '../context.ts';
import { createProgressDisplay, type ProgressDisplay } from '../output/progress.ts';
import { terminalText } from '../output/terminal-text.ts';
import type { ClusterConnection } from './connection.ts';
import { awaitsApproval, exitCodeOf, succeededOf } from './run-result.ts';
import { stillRunning } from './still-running.ts';
import { watchObjects } from './watch-objects.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/**
 * Shows a run's progress on standard error until it has ended, waits for approval, or `timeoutSeconds` are
 * over. The run itself continues, and the message to a person who interrupts says so.
 *
 * @returns the run as it is then.
 * @throws {TerminalError} `NotFound` when there is no such run, or it is deleted meanwhile.
 * @throws {TransientError} `DeadlineExceeded` when the API server does not answer as the time runs out: how
 *   the run stands is not known then.
 */
export async function awaitRun(
  { api, namespace, slowAnswers, prompts }: ClusterConnection,
  name: string,
  timeoutSeconds: number,
  context: CommandContext,
): Promise<BootstrapRecovery> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  using _paused = slowAnswers?.pause();
  const progress = createProgressDisplay({ ...context, prompts });
  progress.wait(`${name}: asking the API server`);
  let last: BootstrapRecovery | undefined;
  let outage: ConnectionError | undefined;
  const onOutage = (error: ConnectionError): void => {
    outage = error;
    progress.wait(`${name}: ${terminalText(error.message)}; asking again every second`);
  };
  try {
    for await (const [run] of watchObjects(
      api,
      runs,
      selection,
      AbortSignal.any([timeout, context.signal]),
      onOutage,
    )) {
      outage = undefined;
      if (run === undefined) {
        throw gone(name, namespace, last);
      }
      show(progress, run);
      last = run;
      if (exitCodeOf(run) !== undefined || awaitsApproval(run)) {
        break;
      }
    }
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) {
      progress.say(`Interrupted. ${stillRunning(name, namespace)}`);
    }
    if (error !== timeout.reason) {
      throw error;
    }
    if (last === undefined || outage !== undefined) {
      throw unanswered(name, namespace, timeoutSeconds);
    }
    // Only the time that ran out ends the wait with what was seen last.
  } finally {
    progress.end();
  }
  if (last === undefined) {
    throw gone(name, namespace, last);
  }
  return last;
}

/** The bar while there is something to count; otherwise what the run waits for. */
function show(progress: ProgressDisplay, run: BootstrapRecovery): void {
  const { reason = 'Pending', message = 'waiting for a controller to start it' } = succeededOf(run) ?? {};
  if (exitCodeOf(run) !== undefined) {
    return;
  }
  if (reason === 'Running') {
    const { stage, completed, total } = run.status.progress ?? { stage: reason, completed: 0, total: 0 };
    progress.show(terminalText(stage), completed, total);
  } else {
    progress.wait(`${run.metadata.name}: ${terminalText(reason)}: ${terminalText(message)}`);
  }
}

function unanswered(name: string, namespace: string, timeoutSeconds: number): TransientError {
  return new TransientError(
    'DeadlineExceeded',
    `The API server does not answer, and the wait of ${timeoutSeconds} s is over: how ${name} stands is not known. ` +
      `Ask again: kubectl tuf-recovery wait ${name} -n ${namespace}`,
  );
}

function gone(name: string, namespace: string, last: BootstrapRecovery | undefined): TerminalError {
  return new TerminalError(
    'NotFound',
    last === undefined
      ? `There is no BootstrapRecovery "${name}" in namespace "${namespace}". All there are: kubectl tuf-recovery status -A`
      : `BootstrapRecovery "${name}" in namespace "${namespace}" was deleted before it ended.`,
  );
}
