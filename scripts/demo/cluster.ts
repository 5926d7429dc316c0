import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { APIServerAccess } from '../../test/harness/apiserver-access.ts';
import { asset } from '../../test/harness/assets.ts';
import { temporaryDirectory } from '../../test/harness/temporary-directory.ts';
import { execute } from './execute.ts';

/** What the demo needs of a cluster. */
type Cluster = Pick<APIServerAccess, 'kubectl' | 'kubeconfigFile' | 'apply' | 'createNamespace'> &
  AsyncDisposable;

/**
 * The cluster that KUBECONFIG names. The demo works in a namespace of its own and takes it away afterwards;
 * the CRDs stay, because they may have been there before.
 */
export async function cluster(): Promise<Cluster> {
  const directory = await temporaryDirectory('demo-kubeconfig');
  const namespaces: string[] = [];
  const kubectl: Cluster['kubectl'] = (args, { input, kubeconfigFile } = {}) =>
    execute(
      asset('kubectl'),
      [...(kubeconfigFile ? [`--kubeconfig=${kubeconfigFile}`] : []), ...args],
      input,
    );
  await kubectl(['version', '-o', 'json']);
  return {
    kubectl,
    kubeconfigFile: async ({ namespace } = {}) => {
      const file = join(directory.path, 'config');
      const flattened = await kubectl(['config', 'view', '--raw', '--flatten', '--minify']);
      await execute('sh', ['-c', 'umask 077 && cat > "$0"', file], flattened);
      if (namespace !== undefined) {
        await kubectl(['config', 'set-context', '--current', `--namespace=${namespace}`], {
          kubeconfigFile: file,
        });
      }
      return file;
    },
    apply: async (manifests) => {
      await kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: manifests });
      await kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', '-'], {
        input: manifests,
      });
    },
    createNamespace: async (prefix = 'demo') => {
      const namespace = `tuf-recovery-${prefix}-${randomBytes(3).toString('hex')}`;
      await kubectl(['create', 'namespace', namespace]);
      namespaces.push(namespace);
      return namespace;
    },
    [Symbol.asyncDispose]: async () => {
      for (const namespace of namespaces) {
        await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      }
      await directory[Symbol.asyncDispose]();
    },
  };
}
