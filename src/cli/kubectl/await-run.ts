import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { TerminalError } from '../../errors.ts';
import type { ObjectKey } from '../../kube/objectkey.ts';
import type { CommandContext } from '../context.ts';
import type { Connection } from './connection.ts';
import { ProgressLine } from './progress-line.ts';
import { exitCodeOf, succeededOf } from './verdict.ts';
import { watchRuns } from './watch-runs.ts';

/** How long {@link awaitRun} waits, and what else ends it. */
export interface AwaitOptions {
  /** Seconds; the run itself goes on when they are over. */
  readonly timeoutSeconds: number;
  /** Stop at a plan that waits for approval, too: nobody is there to give it. */
  readonly untilApproval: boolean;
}

/**
 * Shows a run's progress on standard error until it ended.
 *
 * @returns the run as it is then; under way still when the time ran out or when it waits for approval.
 * @throws {TerminalError} `NotFound` when there is no such run, or it is deleted meanwhile.
 */
export async function awaitRun(
  { api }: Connection,
  key: ObjectKey,
  { timeoutSeconds, untilApproval }: AwaitOptions,
  context: CommandContext,
): Promise<BootstrapRecovery> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  const selection = { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` };
  using line = new ProgressLine(context);
  let last: BootstrapRecovery | undefined;
  try {
    for await (const [run] of watchRuns(api, selection, AbortSignal.any([timeout, context.signal]))) {
      if (run === undefined) throw gone(key, last);
      last = run;
      line.show(run);
      if (exitCodeOf(run) !== undefined) return run;
      if (untilApproval && succeededOf(run)?.reason === 'AwaitingApproval') return run;
    }
  } catch (error) {
    if (!timeout.aborted || last === undefined) throw error;
  }
  if (last === undefined) throw gone(key, last);
  return last;
}

function gone(
  { name, namespace = 'default' }: ObjectKey,
  last: BootstrapRecovery | undefined,
): TerminalError {
  return new TerminalError(
    'NotFound',
    last === undefined
      ? `There is no BootstrapRecovery "${name}" in namespace "${namespace}". All there are: kubectl tuf-recovery status -A`
      : `BootstrapRecovery "${name}" in namespace "${namespace}" was deleted before it ended.`,
  );
}
