import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { type OutputFlags, writeResult } from '../output/output.ts';
import { type OutputStyle, paintFor } from '../output/style.ts';
import { terminalText } from '../output/terminal-text.ts';
import { awaitRun } from './await-run.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from './connection.ts';
import { plainObject } from './plain-object.ts';
import { awaitsApproval, exitCodeOf, succeededOf, toneOf } from './run-result.ts';
import { stillRunning } from './still-running.ts';

/** Flags of `wait`, and of the other commands that can wait. */
export interface WaitFlags extends ClusterFlags, OutputFlags {
  /** Seconds. */
  readonly timeout: number;
}

/** `wait NAME`: until the run ended; the exit code says how. */
export function waitCommand(name: string, flags: WaitFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await waitAndPrintResult(connection, name, flags, context);
    return exitCodeOf(run) ?? exitCodes.timedOut;
  });
}

/**
 * Waits, tells the result, and returns the run: still under way when the time ran out or it waits for
 * approval.
 */
export async function waitAndPrintResult(
  connection: ClusterConnection,
  name: string,
  flags: WaitFlags,
  context: CommandContext,
): Promise<BootstrapRecovery> {
  const run = await awaitRun(connection, name, flags.timeout, context);
  await writeResult(context, flags.output, plainObject(run), () => sentence(run, paintFor(context)));
  if (exitCodeOf(run) === undefined) {
    context.stderr.write(
      awaitsApproval(run)
        ? `Read the plan: kubectl tuf-recovery describe ${name} -n ${connection.namespace}\n`
        : `It is still running after ${flags.timeout} s. ${stillRunning(name, connection.namespace)}\n`,
    );
  }
  return run;
}

function sentence(run: BootstrapRecovery, paint: OutputStyle): string {
  const { reason = 'Pending', message = 'the controller has not seen it yet' } = succeededOf(run) ?? {};
  return `${run.metadata.name}: ${paint(toneOf(run), terminalText(reason))}: ${terminalText(message)}\n`;
}
