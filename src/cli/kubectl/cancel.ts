import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import type { Resource } from '../../kube/resource.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ConnectionFlags } from './connection.ts';
import { getRun } from './get-run.ts';
import { exitCodeOf, succeededOf } from './verdict.ts';
import { waitFor } from './wait.ts';

/** Flags of `cancel`. */
export interface CancelFlags extends ConnectionFlags {
  readonly wait?: true;
  readonly timeout: number;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/** `kubectl tuf-recovery cancel NAME`: ends a run at its next safe point. Redis holds the old or the new state. */
export function cancel(name: string, flags: CancelFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    if (exitCodeOf(run) !== undefined) {
      context.stderr.write(`${name} has ended already: ${succeededOf(run)?.reason ?? ''}\n`);
      return exitCodes.failed;
    }
    await connection.api.patch(
      runs,
      { namespace: connection.namespace, name },
      { type: 'merge', body: { spec: { cancel: true } } },
      { signal: context.signal, fieldManager: 'kubectl-tuf-recovery' },
    );
    context.stdout.write(`cancelling ${name}\n`);
    if (flags.wait !== true) return exitCodes.done;
    const code = await waitFor(connection, name, flags, context);
    // Cancelled is what was asked for.
    const ended = await getRun(connection, name, context.signal);
    return succeededOf(ended)?.reason === 'Cancelled' ? exitCodes.done : code;
  });
}
