import { APIError } from '../../../kube/client/api-error.ts';
import { ConnectionError } from '../../../kube/client/connection-error.ts';
import type { CommandContext } from '../../context.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { type AppName, parseAppName } from '../../kubectl/app-name.ts';
import { clusterCommand } from '../../kubectl/cluster-command.ts';
import type { ClusterConnection } from '../../kubectl/connection.ts';
import { createProgressDisplay } from '../../output/progress.ts';
import type { CheckFlags } from '../check-flags.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, writeChecklist } from '../checklist.ts';
import { appItems } from './app-checks.ts';
import { controllerItems } from './controller-checks.ts';
import { readFacts } from './facts.ts';
import { crdItem, rightsItem, shimItems, trialItem } from './installation-checks.ts';
import { targetItems } from './target-checks.ts';

/** `check [ADMIN/APP]` in a cluster: first whether it answers, then everything that can be asked of it. */
export function checkCluster(
  typed: string | undefined,
  flags: CheckFlags,
  context: CommandContext,
): Promise<void> {
  const app = typed === undefined ? undefined : parseAppName(typed);
  return clusterCommand(context, flags, async (connection): Promise<ExitCode> => {
    using _paused = connection.slowAnswers?.pause();
    const progress = createProgressDisplay({ ...context, prompts: connection.prompts });
    progress.wait('Asking the API server');
    try {
      const items = await checklistOf(connection, app, flags.target, context.signal);
      progress.end();
      return await writeChecklist(items, flags, context);
    } finally {
      progress.end();
    }
  });
}

/**
 * Everything that can be asked of a cluster; an API server that does not answer is the one item there is.
 *
 * @param target undefined: that of the app, or `default`
 */
export async function checklistOf(
  connection: ClusterConnection,
  app: AppName | undefined,
  target: string | undefined,
  signal: AbortSignal,
): Promise<readonly CheckItem[]> {
  try {
    const { gitVersion } = await connection.api.serverVersion({ signal });
    const facts = await readFacts(connection, app, target, signal);
    return [
      okItem('API server', `Kubernetes ${gitVersion} answers.`),
      crdItem(facts),
      ...controllerItems(facts),
      rightsItem(facts),
      trialItem(facts),
      ...targetItems(facts),
      ...appItems(facts),
      ...shimItems(facts),
    ];
  } catch (error) {
    if (error instanceof APIError || error instanceof ConnectionError) {
      return [
        failedItem('API server', error.message, 'Check the kubeconfig: kubectl cluster-info says the same.'),
      ];
    }
    throw error;
  }
}
