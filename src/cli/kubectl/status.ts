import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { apiVersion, bootstrapRecoveries } from '../../api/resources.ts';
import type { Resource } from '../../kube/resource.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import type { Connection, ConnectionFlags } from './connection.ts';
import { type ObjectFormat, printObject } from './print-object.ts';
import { runTable } from './run-table.ts';
import { watchRuns } from './watch-runs.ts';

/** Flags of `status`. */
export interface StatusFlags extends ConnectionFlags {
  readonly allNamespaces?: true;
  readonly watch?: true;
  readonly output?: ObjectFormat;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
/** Cursor to the upper left corner, and the screen below it cleared. */
const redraw = '\x1b[H\x1b[J';

/** `kubectl tuf-recovery status`: every run of the namespace, once or for as long as somebody looks. */
export function status(flags: StatusFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, (connection) =>
    flags.watch === true ? watch(connection, flags, context) : list(connection, flags, context),
  );
}

async function list(connection: Connection, flags: StatusFlags, context: CommandContext): Promise<ExitCode> {
  const { items } = await connection.api.list(runs, {
    ...selection(connection, flags),
    signal: context.signal,
  });
  if (flags.output !== undefined) {
    const kind = `${bootstrapRecoveries.kind}List`;
    printObject(context.stdout, { apiVersion, kind, items }, flags.output);
  } else if (items.length === 0) {
    const where = flags.allNamespaces === true ? 'this cluster' : `namespace ${connection.namespace}`;
    context.stderr.write(`No BootstrapRecovery in ${where}. Start one: kubectl tuf-recovery run ADMIN/APP\n`);
  } else {
    context.stdout.write(render(items, flags, context));
  }
  return exitCodes.done;
}

/** A screen redrawn on every change for a person; the whole table again for a pipe. Ends by Ctrl-C only. */
async function watch(connection: Connection, flags: StatusFlags, context: CommandContext): Promise<ExitCode> {
  const redrawn = context.interactive && context.color ? redraw : '';
  for await (const items of watchRuns(connection.api, selection(connection, flags), context.signal)) {
    if (flags.output === undefined) context.stdout.write(redrawn + render(items, flags, context));
    else
      printObject(
        context.stdout,
        { apiVersion, kind: `${bootstrapRecoveries.kind}List`, items },
        flags.output,
      );
  }
  return exitCodes.done;
}

function selection(
  { namespace }: Connection,
  { allNamespaces }: StatusFlags,
): { readonly namespace?: string } {
  return allNamespaces === true ? {} : { namespace };
}

function render(items: readonly BootstrapRecovery[], flags: StatusFlags, { color }: CommandContext): string {
  return runTable(items, { color, namespaces: flags.allNamespaces === true, now: new Date() });
}
