import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';

/** The plugin as its own command. */
export const PLUGIN = join(dirname(LAUNCHER), 'kubectl-tuf_recovery');

/** Where the plugin is used: the shared API server with the CRDs, a new namespace, and its kubeconfig. */
export interface PluginNamespace {
  readonly cluster: APIServerAccess;
  readonly namespace: string;
  readonly kubeconfig: string;
}

/** @param name what the namespace's name begins with */
export async function pluginNamespace(name: string): Promise<PluginNamespace> {
  const cluster = await sharedAPIServer();
  for (const file of await readdir('crds')) {
    await cluster.apply(await readFile(join('crds', file), 'utf8'));
  }
  const namespace = await cluster.createNamespace(name);
  return { cluster, namespace, kubeconfig: await cluster.kubeconfigFile({ namespace }) };
}
