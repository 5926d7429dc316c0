import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { apiVersion, bootstrapRecoveries } from '../../api/resources.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type OutputFlags, writeResult } from '../output/output.ts';
import { paintFor } from '../output/style.ts';
import { clusterCommand } from './cluster-command.ts';
import type { Connection, ConnectionFlags } from './connection.ts';
import { plainObject } from './plain-object.ts';
import { runTable } from './run-table.ts';
import { watchRuns } from './watch-runs.ts';

/** Flags of `status`. */
export interface StatusFlags extends ConnectionFlags, OutputFlags {
  readonly allNamespaces?: true;
  readonly watch?: true;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
/** Cursor to the upper left corner, and the screen below it cleared. */
const clearScreen = '\x1b[H\x1b[J';

/** `status`: every run of the namespace, once or continuously. */
export function status(flags: StatusFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, (connection) =>
    flags.watch === true ? watch(connection, flags, context) : list(connection, flags, context),
  );
}

async function list(connection: Connection, flags: StatusFlags, context: CommandContext): Promise<ExitCode> {
  const { signal } = context;
  const { items } = await connection.api.list(runs, { ...selection(connection, flags), signal });
  if (items.length === 0 && flags.output === 'human') {
    const where = flags.allNamespaces === true ? 'this cluster' : `namespace ${connection.namespace}`;
    context.stderr.write(`No BootstrapRecovery in ${where}. Start one: kubectl tuf-recovery run ADMIN/APP\n`);
  } else {
    await show(items, flags, context);
  }
  return exitCodes.done;
}

/** The screen redrawn on every change for a person, everything again for a pipe. Ends by Ctrl-C only. */
async function watch(connection: Connection, flags: StatusFlags, context: CommandContext): Promise<ExitCode> {
  for await (const items of watchRuns(connection.api, selection(connection, flags), context.signal)) {
    if (context.color && flags.output === 'human') {
      context.stdout.write(clearScreen);
    }
    await show(items, flags, context);
  }
  return exitCodes.done;
}

function selection(
  { namespace }: Connection,
  { allNamespaces }: StatusFlags,
): { readonly namespace?: string } {
  return allNamespaces === true ? {} : { namespace };
}

function show(
  items: readonly BootstrapRecovery[],
  flags: StatusFlags,
  context: CommandContext,
): Promise<void> {
  const result = plainObject({ apiVersion, kind: `${bootstrapRecoveries.kind}List`, items });
  const options = {
    paint: paintFor(context),
    blocks: context.color,
    namespaces: flags.allNamespaces === true,
    now: new Date(),
  };
  return writeResult(context, flags.output, result, () => runTable(items, options));
}
