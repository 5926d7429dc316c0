import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { TerminalError } from '../../errors.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import { ClusterConfig } from './cluster-config.ts';
import { type KubeconfigEntries, readKubeconfigFile } from './kubeconfig-file.ts';
import { type SelectedContext, selectContext } from './select-context.ts';

/** The variables that decide where the kubeconfig is. */
export interface KubeconfigEnvironment {
  /** KUBECONFIG: one or several files, separated as in PATH. */
  readonly kubeconfig: string | undefined;
  /** HOME */
  readonly home: string | undefined;
  /** The proxy where a cluster names none. */
  readonly proxy: ProxyRule;
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set: this runs in a pod. */
  readonly inCluster: boolean;
  /** The wall clock: credentials of a plug-in expire by it. */
  readonly now: () => Date;
  /** Called before a plug-in starts that may ask a person at the terminal; its end disposes of the result. */
  readonly onPrompt?: (() => Disposable) | undefined;
}

/** What a person asked for in addition. */
export interface KubeconfigRequest {
  /** This file and no other; it must exist. */
  readonly file?: string | undefined;
  /** The context in place of the current one. */
  readonly context?: string | undefined;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Finds the cluster to talk to by kubectl's rules (client-go tools/clientcmd): the requested file; else the
 * files of $KUBECONFIG, of which missing ones are skipped and the first definition of a name wins; else
 * ~/.kube/config; and where none of them says anything, the service account of the pod.
 *
 * @throws {TerminalError} `InvalidInput` when there is no configuration, or none that kubectl would use.
 */
export function loadKubeconfig(
  environment: KubeconfigEnvironment,
  request: KubeconfigRequest = {},
): ClusterConfig {
  const paths = pathsOf(environment, request);
  const files = paths.map((path) => ({ path, entries: readKubeconfigFile(path) }));
  if (request.file !== undefined && files[0]?.entries === undefined) {
    throw new TerminalError('InvalidInput', `The kubeconfig ${request.file} does not exist.`);
  }
  const entries = merge(files.flatMap((file) => file.entries ?? []));
  if (isEmpty(entries)) {
    return inCluster(environment) ?? fail(environment, paths);
  }
  const selected = withProxy(selectContext(entries, request.context), environment.proxy);
  return new ClusterConfig(environment, selected);
}

function pathsOf(
  { kubeconfig, home }: KubeconfigEnvironment,
  { file }: KubeconfigRequest,
): readonly string[] {
  if (file !== undefined) {
    return [file];
  }
  if (kubeconfig !== undefined) {
    return [...new Set(kubeconfig.split(delimiter).filter((path) => path !== ''))];
  }
  return home === undefined ? [] : [join(home, '.kube', 'config')];
}

/** The cluster's own proxy-url wins over the environment. */
function withProxy(selected: SelectedContext, proxy: ProxyRule): SelectedContext {
  const { cluster } = selected;
  const url = cluster['proxy-url'] || proxy(new URL(cluster.server));
  return { ...selected, cluster: { ...cluster, 'proxy-url': url } };
}

/** Whole entries, never parts of them: a user without a token in the first file gets none from the second. */
function merge(files: readonly KubeconfigEntries[]): KubeconfigEntries {
  const lastToFirst = [...files].reverse();
  return {
    currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
    clusters: new Map(lastToFirst.flatMap((file) => [...file.clusters])),
    users: new Map(lastToFirst.flatMap((file) => [...file.users])),
    contexts: new Map(lastToFirst.flatMap((file) => [...file.contexts])),
  };
}

function isEmpty({ currentContext, clusters, users, contexts }: KubeconfigEntries): boolean {
  return currentContext === undefined && clusters.size + users.size + contexts.size === 0;
}

function inCluster(environment: KubeconfigEnvironment): ClusterConfig | undefined {
  if (!environment.inCluster || !statSync(SERVICE_ACCOUNT_TOKEN, { throwIfNoEntry: false })?.isFile()) {
    return undefined;
  }
  const config = new ClusterConfig(environment);
  config.loadFromCluster();
  return config;
}

function fail({ kubeconfig, home }: KubeconfigEnvironment, paths: readonly string[]): never {
  const looked =
    kubeconfig === undefined && home !== undefined
      ? 'Neither $KUBECONFIG nor ~/.kube/config exists'
      : paths.length === 0
        ? 'Neither $KUBECONFIG nor $HOME is set'
        : `No cluster is configured in ${paths.join(', ')}`;
  throw new TerminalError(
    'InvalidInput',
    `${looked}, and this is no pod with a service account. Name a kubeconfig with --kubeconfig.`,
  );
}
