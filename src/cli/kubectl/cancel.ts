import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { writeResult } from '../output/output.ts';
import { clusterCommand } from './cluster-command.ts';
import { getRun } from './get-run.ts';
import { plainObject } from './plain-object.ts';
import { exitCodeOf, succeededOf } from './run-result.ts';
import { type WaitFlags, waitAndPrintResult } from './wait.ts';

/** Flags of `cancel`. */
export interface CancelFlags extends WaitFlags {
  readonly wait?: true;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/** `cancel NAME`: ends a run at its next safe point. Redis holds the old or the new state. */
export function cancelCommand(name: string, flags: CancelFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    if (exitCodeOf(run) !== undefined) {
      throw new TerminalError(
        'InvalidInput',
        `${name} has ended (${succeededOf(run)?.reason ?? ''}): nothing is left to cancel.`,
      );
    }
    const cancelled = await connection.api.patch(
      runs,
      { namespace: connection.namespace, name },
      { type: 'merge', body: { spec: { cancel: true } } },
      { signal: context.signal, fieldManager: 'kubectl-tuf-recovery' },
    );
    context.stderr.write(`cancelling ${name}\n`);
    if (flags.wait !== true) {
      await writeResult(context, flags.output, plainObject(cancelled), () => '');
      return exitCodes.done;
    }
    const ended = await waitAndPrintResult(connection, name, flags, context);
    // Cancelled is what was asked for; a run that was quicker ended as it ended.
    return succeededOf(ended)?.reason === 'Cancelled'
      ? exitCodes.done
      : (exitCodeOf(ended) ?? exitCodes.timedOut);
  });
}
