import { TerminalError } from '../../errors.ts';
import { configMaps } from '../../kube/client/secret-or-config-map.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ClusterFlags } from './connection.ts';
import { getRun } from './get-run.ts';

/** `report NAME`: the full report, every action and every finding, as JSON. */
export function reportCommand(name: string, flags: ClusterFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    const reference = run.status.reportRef;
    if (reference === undefined) {
      throw new TerminalError(
        'NotFound',
        `${name} has no report: its plan is not made yet, or it found nothing to do and its status says it all.`,
      );
    }
    const { namespace, api } = connection;
    const { data = {} } = await api.get(
      configMaps,
      { namespace, name: reference.name },
      { signal: context.signal },
    );
    for (const content of Object.values(data)) {
      context.stdout.write(content.endsWith('\n') ? content : `${content}\n`);
    }
    return exitCodes.done;
  });
}
