import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../demo/execute.ts';
import { type FormerVersion, formerVersion } from '../former-version.ts';
import type { Provider } from '../provider.ts';

const repository = 'tuf-recovery-operator';
const tag = 'e2e';
/** A control plane and two nodes. */
const config = {
  kind: 'Cluster',
  apiVersion: 'kind.x-k8s.io/v1alpha4',
  nodes: [{ role: 'control-plane' }, { role: 'worker' }, { role: 'worker' }],
};
/** Pulled by the nodes; the rest is built or loaded. */
const redis = 'redis:7.4-alpine';
const s3 = 'versity/versitygw:v1.8.0';

/**
 * A kind cluster of three nodes with the image built by Docker. It bears a name of its own, so that a cluster
 * that was kept stays; its kubeconfig is not the user's.
 *
 * @param options `withFormer`: with the former version's image, too
 */
export async function startKind(
  root: string,
  { withFormer }: { readonly withFormer: boolean },
): Promise<Provider & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'tuf-recovery-e2e-kind-'));
  const name = `tuf-recovery-${directory.slice(-6).toLowerCase()}`;
  const kubeconfig = join(directory, 'kubeconfig');
  const kind = (...args: readonly string[]): Promise<string> => execute('kind', [...args, `--name=${name}`]);
  const remove = async (): Promise<void> => {
    await kind('delete', 'cluster', `--kubeconfig=${kubeconfig}`);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await execute('docker', ['build', `--tag=${repository}:${tag}`, root]);
    await execute(
      'kind',
      [
        ...['create', 'cluster', `--name=${name}`, `--kubeconfig=${kubeconfig}`],
        ...['--wait=180s', '--config=-'],
      ],
      JSON.stringify(config),
    );
    await kind('load', 'docker-image', `${repository}:${tag}`);
    const former = withFormer ? await loadFormer(root, directory, kind) : undefined;
    const nodes = (await kind('get', 'nodes')).trim().split('\n');
    return {
      name: 'kind',
      kubeconfig,
      programs: { kubectl: 'kubectl', helm: 'helm' },
      nodes: nodes.filter((node) => !node.endsWith('control-plane')),
      images: { operator: { repository, tag }, redis, s3 },
      former,
      enforcesPolicies: true,
      reachesPods: false,
      onNode: (node, script) => execute('docker', ['exec', node, 'sh', '-c', script]),
      diagnosis: async () => '',
      howToLook: [
        `export KUBECONFIG=${kubeconfig}`,
        'kubectl get pods --all-namespaces',
        `kind delete cluster --name=${name}   # when you are done`,
      ],
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove().catch(() => undefined);
    throw error;
  }
}

/** Builds the former version's image on this version's, which Docker has built; the nodes get it. */
async function loadFormer(
  root: string,
  directory: string,
  kind: (...args: readonly string[]) => Promise<string>,
): Promise<FormerVersion | undefined> {
  const base = join(directory, 'base.tar');
  await execute('docker', ['save', `--output=${base}`, `${repository}:${tag}`]);
  const former = await formerVersion({
    ...{ root, directory: join(directory, 'former'), base },
    // As Docker calls it in full, which containerd does not do.
    repository: `docker.io/library/${repository}`,
  });
  if (former !== undefined) {
    await kind('load', 'image-archive', former.archive);
  }
  return former;
}
