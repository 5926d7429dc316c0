import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import { TerminalError } from '../../../errors.ts';
import { configMaps } from '../../../kube/client/secret-or-config-map.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { getRun } from '../get-run.ts';

/** Flags of `report`. */
export interface ReportFlags extends ClusterFlags {
  readonly html?: true;
}

/** `report NAME`: the full report, every action and every finding, as JSON or as a page for people. */
export function reportCommand(name: string, flags: ReportFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    const contents = await readReport(connection, run, context.signal);
    if (flags.html === true) {
      const { reportPage } = await import('./report-page.ts');
      context.stdout.write(reportPage(run, contents.join(''), new Date()));
    } else {
      for (const content of contents) {
        context.stdout.write(content.endsWith('\n') ? content : `${content}\n`);
      }
    }
    return exitCodes.done;
  });
}

/** @throws {TerminalError} `NotFound` */
async function readReport(
  { namespace, api }: ClusterConnection,
  run: BootstrapRecovery,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const reference = run.status.reportRef;
  if (reference === undefined) {
    throw new TerminalError(
      'NotFound',
      `${run.metadata.name} has no report: its plan is not made yet, or it found nothing to do and its status says it all.`,
    );
  }
  const { data = {} } = await api.get(configMaps, { namespace, name: reference.name }, { signal });
  return Object.values(data);
}
