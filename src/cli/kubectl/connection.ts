import { systemClock } from '../../async/clock.ts';
import { APIClient } from '../../kube/client/api-client.ts';
import type { ClusterConfig } from '../../kube/kubeconfig/cluster-config.ts';
import { type KubeconfigEnvironment, loadKubeconfig } from '../../kube/kubeconfig/load-kubeconfig.ts';
import { kubeconfigEnvironment } from '../options/env.ts';
import { Prompts } from '../output/prompts.ts';
import { SlowAnswers, type SlowAnswersContext } from './slow-answers.ts';

/** Flags every command of the plugin takes, as kubectl has them. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** A cluster and the namespace that is meant where none is named. */
export interface ClusterConnection extends AsyncDisposable {
  readonly api: APIClient;
  readonly namespace: string;
  /** Says when the API server is slow; undefined where nothing may be said. */
  readonly slowAnswers: SlowAnswers | undefined;
  /** Open while a plug-in of the kubeconfig may ask the person at the terminal for credentials. */
  readonly prompts: Prompts;
}

/**
 * The cluster of the kubeconfig: `--kubeconfig`, else $KUBECONFIG, else ~/.kube/config, else the service
 * account of the pod this runs in. `--context` and `--namespace` win over what it says.
 *
 * @param context where a slow API server is reported; left out: nowhere
 * @throws {TerminalError} `InvalidInput` where kubectl would refuse the configuration, too.
 */
export function connectToCluster(flags: ClusterFlags, context?: SlowAnswersContext): ClusterConnection {
  const config = loadClusterConfig(flags);
  const server = config.getCurrentCluster()?.server;
  const slowAnswers =
    context === undefined || server === undefined ? undefined : new SlowAnswers(server, context);
  const prompts = new Prompts();
  const api = new APIClient({
    loadConfig: () => loadClusterConfig(flags, () => prompts.begin()),
    userAgent: 'kubectl-tuf-recovery',
    onWait: slowAnswers && (() => slowAnswers.wait()),
  });
  return {
    api,
    namespace: flags.namespace || config.namespace,
    slowAnswers,
    prompts,
    [Symbol.asyncDispose]: () => api.close(),
  };
}

/**
 * The kubeconfig that {@link connectToCluster} describes.
 *
 * @param onPrompt see {@link KubeconfigEnvironment}
 */
export function loadClusterConfig(
  { kubeconfig, context }: ClusterFlags,
  onPrompt?: () => Disposable,
): ClusterConfig {
  const environment = { ...kubeconfigEnvironment(process.env), now: () => systemClock.now(), onPrompt };
  return loadKubeconfig(environment, { file: kubeconfig, context });
}
