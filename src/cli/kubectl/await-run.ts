import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { TerminalError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { type Progress, progressTo } from '../output/progress.ts';
import { terminalText } from '../output/terminal-text.ts';
import type { Connection } from './connection.ts';
import { awaitsApproval, exitCodeOf, succeededOf } from './verdict.ts';
import { watchRuns } from './watch-runs.ts';

/**
 * Shows a run's progress on standard error until it ended, waits for approval (nobody may be there to give it), or
 * `timeoutSeconds` are over. The run itself goes on.
 *
 * @returns the run as it is then.
 * @throws {TerminalError} `NotFound` when there is no such run, or it is deleted meanwhile.
 */
export async function awaitRun(
  { api, namespace }: Connection,
  name: string,
  timeoutSeconds: number,
  context: CommandContext,
): Promise<BootstrapRecovery> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  const progress = progressTo(context);
  let last: BootstrapRecovery | undefined;
  try {
    for await (const [run] of watchRuns(api, selection, AbortSignal.any([timeout, context.signal]))) {
      if (run === undefined) {
        throw gone(name, namespace, last);
      }
      show(progress, run, last);
      last = run;
      if (exitCodeOf(run) !== undefined || awaitsApproval(run)) {
        break;
      }
    }
  } catch (error) {
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

/** The bar while there is something to count; a line whenever the run starts to wait for something. */
function show(progress: Progress, run: BootstrapRecovery, before: BootstrapRecovery | undefined): void {
  const { reason = 'Pending', message = 'waiting for the controller' } = succeededOf(run) ?? {};
  if (exitCodeOf(run) !== undefined) {
    return;
  }
  if (reason === 'Running') {
    const { stage, completed, total } = run.status.progress ?? { stage: reason, completed: 0, total: 0 };
    progress.show(terminalText(stage), completed, total);
  } else if (before === undefined || reason !== succeededOf(before)?.reason) {
    progress.say(`${run.metadata.name}: ${terminalText(reason)}: ${terminalText(message)}`);
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
