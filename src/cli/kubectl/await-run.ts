import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
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
 */
export async function awaitRun(
  { api, namespace }: ClusterConnection,
  name: string,
  timeoutSeconds: number,
  context: CommandContext,
): Promise<BootstrapRecovery> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  const progress = createProgressDisplay(context);
  progress.wait(`${name}: asking the API server`);
  let last: BootstrapRecovery | undefined;
  try {
    for await (const [run] of watchObjects(
      api,
      runs,
      selection,
      AbortSignal.any([timeout, context.signal]),
    )) {
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
    // Only the time that ran out ends the wait with what was seen last.
    if (error !== timeout.reason || last === undefined) {
      throw error;
    }
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

function gone(name: string, namespace: string, last: BootstrapRecovery | undefined): TerminalError {
  return new TerminalError(
    'NotFound',
    last === undefined
      ? `There is no BootstrapRecovery "${name}" in namespace "${namespace}". All there are: kubectl tuf-recovery status -A`
      : `BootstrapRecovery "${name}" in namespace "${namespace}" was deleted before it ended.`,
  );
}
