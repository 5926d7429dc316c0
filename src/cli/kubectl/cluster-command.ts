import { APIError } from '../../kube/client/api-error.ts';
import { ConnectionError } from '../../kube/client/connection-error.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { terminalText } from '../output/terminal-text.ts';
import { type ClusterConnection, type ClusterFlags, connectToCluster } from './connection.ts';

/**
 * Runs the body of a command against the cluster its flags name and ends with the exit code it returns. What
 * the API server refuses or does not answer is reported in one line; every other error is thrown on.
 */
export async function clusterCommand(
  context: CommandContext,
  flags: ClusterFlags,
  body: (connection: ClusterConnection) => Promise<ExitCode>,
): Promise<void> {
  await using connection = connectToCluster(flags, context);
  try {
    context.exit(await body(connection));
  } catch (error) {
    if (context.signal.aborted && error === context.signal.reason) {
      // What the command was doing in the cluster, and whether it continues, the command itself has said.
      context.exit(exitCodes.interrupted);
      return;
    }
    if (!(error instanceof APIError || error instanceof ConnectionError)) {
      throw error;
    }
    context.stderr.write(`error: ${terminalText(error.message)}\n`);
    context.exit(exitCodes.failed);
  }
}
