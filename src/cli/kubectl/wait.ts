import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { terminalText } from '../terminal-text.ts';
import { awaitRun } from './await-run.ts';
import { clusterCommand } from './cluster-command.ts';
import type { Connection, ConnectionFlags } from './connection.ts';
import { type ObjectFormat, printObject } from './print-object.ts';
import { styled } from './style.ts';
import { exitCodeOf, styleOf, succeededOf } from './verdict.ts';

/** Flags of `wait`, and of the other commands that can wait. */
export interface WaitFlags extends ConnectionFlags {
  /** Seconds. */
  readonly timeout: number;
  readonly output?: ObjectFormat;
}

/** `kubectl tuf-recovery wait NAME`: until the run ended; the exit code says how. */
export function wait(name: string, flags: WaitFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, (connection) => waitFor(connection, name, flags, context));
}

/** Waits, tells the result, and returns the exit code it stands for: `timedOut` when it is still under way. */
export async function waitFor(
  connection: Connection,
  name: string,
  flags: WaitFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const key = { namespace: connection.namespace, name };
  const run = await awaitRun(
    connection,
    key,
    { timeoutSeconds: flags.timeout, untilApproval: true },
    context,
  );
  if (flags.output === undefined) context.stdout.write(`${sentence(run, context.color)}\n`);
  else printObject(context.stdout, run, flags.output);
  const code = exitCodeOf(run);
  if (code !== undefined) return code;
  context.stderr.write(
    succeededOf(run)?.reason === 'AwaitingApproval'
      ? `It waits for approval. Read the plan: kubectl tuf-recovery describe ${name} -n ${connection.namespace}\n`
      : `It is still under way after ${flags.timeout} s; waiting longer changes nothing about the run itself.\n`,
  );
  return exitCodes.timedOut;
}

function sentence(run: BootstrapRecovery, color: boolean): string {
  const succeeded = succeededOf(run);
  const reason = styled(color, styleOf(run), terminalText(succeeded?.reason ?? 'Pending'));
  return `${run.metadata.name}: ${reason}${succeeded === undefined ? '' : `: ${terminalText(succeeded.message)}`}`;
}
