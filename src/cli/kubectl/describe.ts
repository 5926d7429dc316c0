import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ConnectionFlags } from './connection.ts';
import { describeRun } from './description.ts';
import { getRun } from './get-run.ts';
import { type ObjectFormat, printObject } from './print-object.ts';

/** Flags of `describe`. */
export interface DescribeFlags extends ConnectionFlags {
  readonly output?: ObjectFormat;
}

/** `kubectl tuf-recovery describe NAME`: plan, findings, errors, and what to do. */
export function describe(name: string, flags: DescribeFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    if (flags.output === undefined) context.stdout.write(describeRun(run, context.color, new Date()));
    else printObject(context.stdout, run, flags.output);
    return exitCodes.done;
  });
}
