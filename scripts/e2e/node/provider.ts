import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asset } from '../../../test/harness/assets.ts';
import { poll } from '../../../test/harness/poll.ts';
import type { FormerVersion } from '../former-version.ts';
import type { Images, Provider } from '../provider.ts';
import { nodeAddresses } from './addresses.ts';
import { type ClusterNode, startNode } from './cluster-node.ts';
import { startControlPlane } from './control-plane.ts';
import type { Inside } from './isolation.ts';
import { createControlPlaneNetwork } from './network.ts';
import { linkPrograms } from './programs.ts';

/** Image archives to load into every node, and what their images are called. */
export interface Archives {
  readonly paths: readonly string[];
  readonly images: Images;
  /** The former version, when its image is among them. */
  readonly former: FormerVersion | undefined;
}

/** A cluster of two nodes in namespaces of this machine; this process must be in the control plane's. */
export async function startNodes(
  { directory, cgroupRoot }: Inside,
  archives: Archives,
): Promise<Provider & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  try {
    const programs = join(directory, 'programs');
    await linkPrograms(programs);
    await createControlPlaneNetwork(nodeAddresses);
    const controlPlaneDirectory = join(directory, 'control-plane');
    await mkdir(controlPlaneDirectory);
    const [controlPlane, ...nodes] = await Promise.all([
      startControlPlane(
        controlPlaneDirectory,
        nodeAddresses.map(({ name }) => name),
      ).then((each) => stack.use(each)),
      ...nodeAddresses.map(async (address) => {
        const paths = { directory: join(directory, address.name), programs };
        const others = nodeAddresses.filter((other) => other !== address);
        const node = stack.use(
          await startNode({ address, others, paths, cgroupRoot: `${cgroupRoot}/${address.name}` }),
        );
        for (const archive of archives.paths) {
          await node.load(archive);
        }
        return node;
      }),
    ]);
    const { access } = controlPlane;
    await Promise.all(nodes.map((node) => node.join(access)));
    for (const { name, pods } of nodeAddresses) {
      await poll(`node ${name} to register`, () => access.kubectl(['get', 'node', name]).then(() => true));
      await access.kubectl(['patch', 'node', name, '--patch', JSON.stringify({ spec: { podCIDR: pods } })]);
    }
    await Promise.all(nodes.map((node) => node.enforcePolicies(access)));
    await access.kubectl(['wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=600s']);
    const kubeconfig = await access.kubeconfigFile();
    const running = stack.move();
    return {
      name: 'node',
      kubeconfig,
      programs: { kubectl: asset('kubectl'), helm: asset('helm') },
      nodes: nodes.map(({ name }) => name),
      images: archives.images,
      former: archives.former,
      enforcesPolicies: true,
      reachesPods: true,
      onNode: (name, script) => named(nodes, name).run(script),
      diagnosis: async () => {
        const logs = await Promise.allSettled([controlPlane.log(), ...nodes.map((node) => node.log())]);
        return logs.map((log) => (log.status === 'fulfilled' ? log.value : String(log.reason))).join('\n');
      },
      howToLook: [
        'nsenter --target=$(pgrep --newest --full scripts/e2e-node.ts) --net --mount --pid',
        `export KUBECONFIG=${kubeconfig}`,
        `${asset('kubectl')} get pods --all-namespaces`,
      ],
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function named(nodes: readonly ClusterNode[], name: string): ClusterNode {
  const node = nodes.find((each) => each.name === name);
  if (node === undefined) {
    throw new Error(`There is no node ${name}.`);
  }
  return node;
}
