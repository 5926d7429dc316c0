import { type Command, CommanderError } from 'commander';
import { RecoveryError } from '../../errors.ts';
import { ApiError, isNotFound } from '../../kube/apierror.ts';
import { ConnectionError } from '../../kube/connectionerror.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { terminalText } from '../terminal-text.ts';
import { type Connection, type ConnectionFlags, connect } from './connection.ts';

/** A failure with a sentence for people, such as a run that can't be approved; exit code 1 unless it says otherwise. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed) {
    super(message);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}

/** Adds the flags that kubectl has too, in kubectl's spelling. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'the namespace; by default that of the kubeconfig')
    .option('--context <name>', 'the context of the kubeconfig to use')
    .option('--kubeconfig <file>', 'the kubeconfig; by default $KUBECONFIG or ~/.kube/config');
}

/**
 * Runs the body of a command against the cluster its flags name and ends with the exit code it returns. What the API
 * server refuses and what a person can mend is told in one line; anything else is thrown on as the defect it is.
 */
export async function withCluster(
  context: CommandContext,
  flags: ConnectionFlags,
  body: (connection: Connection) => Promise<ExitCode>,
): Promise<void> {
  try {
    await using connection = connect(flags);
    context.exit(await body(connection));
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) {
      // Ctrl-C ends watching, not the run.
      context.exit(exitCodes.failed);
      return;
    }
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    context.stderr.write(`error: ${terminalText(failure.message)}\n`);
    context.exit(failure.exitCode);
  }
}

function failureOf(error: unknown): CommandFailure | undefined {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError || error instanceof RecoveryError) return undefined;
  if (isNotFound(error) && error instanceof ApiError && error.reason === 'NotFound') {
    return new CommandFailure(`${error.message}; see: kubectl tuf-recovery status -A`);
  }
  if (error instanceof ApiError || error instanceof ConnectionError) return new CommandFailure(error.message);
  return undefined;
}
