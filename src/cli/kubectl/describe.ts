import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { type OutputFlags, writeResult } from '../output/output.ts';
import { paintFor } from '../output/style.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ClusterFlags } from './connection.ts';
import { describeRun } from './description.ts';
import { getRun } from './get-run.ts';
import { plainObject } from './plain-object.ts';

/** Flags of `describe`. */
export interface DescribeFlags extends ClusterFlags, OutputFlags {}

/** `describe NAME`: result, what to do, plan, findings, errors. */
export function describeCommand(name: string, flags: DescribeFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    await writeResult(context, flags.output, plainObject(run), () =>
      describeRun(run, paintFor(context), new Date()),
    );
    return exitCodes.done;
  });
}
