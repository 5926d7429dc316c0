import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIServerAccess } from '../../../test/harness/apiserver-access.ts';
import { asset } from '../../../test/harness/assets.ts';
import { type RunningProcess, startProcess } from '../../../test/harness/process.ts';
import { execute } from '../../demo/execute.ts';
import { addresses, type NodeAddress } from './addresses.ts';
import { cgroupVersion } from './cgroups.ts';
import { plugIn } from './network.ts';
import {
  cniConfig,
  containerdConfig,
  containerdSocket,
  kubeletConfig,
  type NodePaths,
} from './node-files.ts';

/** Values of the machine that the kubelet insists on; it gets files of its own that hold them. */
const kernelValues = {
  '/proc/sys/vm/overcommit_memory': '1',
  '/proc/sys/kernel/panic': '10',
  '/proc/sys/kernel/panic_on_oops': '1',
} as const;

/** What a node is to be. */
export interface NodeOptions {
  readonly address: NodeAddress;
  readonly others: readonly NodeAddress[];
  readonly paths: NodePaths;
  /** The name of the cgroup that is the root of its pods. */
  readonly cgroupRoot: string;
}

/** A node whose container runtime runs; it joins the cluster later. */
export interface ClusterNode extends AsyncDisposable {
  readonly name: string;
  /** Runs a shell script in the node's network and mounts. */
  run(script: string): Promise<string>;
  /** Unpacks an image archive, so that pods can name it. */
  load(archive: string): Promise<void>;
  /** Starts kubelet and kube-proxy. */
  join(cluster: APIServerAccess): Promise<void>;
  /**
   * Starts kube-router, which enforces NetworkPolicies; the node must have registered, with its range of
   * pods.
   */
  enforcePolicies(cluster: APIServerAccess): Promise<void>;
  /** The end of the logs of its parts. */
  log(): Promise<string>;
}

/** Makes namespaces for a node and starts containerd in them. */
export async function startNode({ address, others, paths, cgroupRoot }: NodeOptions): Promise<ClusterNode> {
  const stack = new AsyncDisposableStack();
  const processes: RunningProcess[] = [];
  const { name } = address;
  await writeFiles(paths, address, cgroupRoot);
  const holder = await startProcess({
    name: `${name}-namespaces`,
    command: 'unshare',
    args: ['--net', '--mount', 'sh', '-c', prepareNamespaces(paths)],
    ready: async () => (await execute('cat', [join(paths.directory, 'prepared')])) !== '',
  });
  stack.use(holder);
  await plugIn(holder.pid, address, others);
  const enter = [`--target=${holder.pid}`, '--net', '--mount'];
  const start = async (
    program: string,
    command: string,
    args: readonly string[],
    ready?: () => Promise<boolean>,
  ): Promise<void> => {
    const started = await startProcess({
      name: `${name}-${program}`,
      command: 'nsenter',
      args: [...enter, '--', command, ...args],
      env: { PATH: `${paths.programs}:${process.env['PATH']}`, KUBECONFIG: undefined },
      ...(ready === undefined ? {} : { ready }),
    });
    processes.push(stack.use(started));
  };
  const run: ClusterNode['run'] = (script) => execute('nsenter', [...enter, '--', 'sh', '-c', script]);
  const ctr = (args: string): Promise<string> =>
    run(`${join(paths.programs, 'ctr')} --address=${containerdSocket} --namespace=k8s.io ${args}`);
  await start(
    'containerd',
    join(paths.programs, 'containerd'),
    ['--config', join(paths.directory, 'containerd.toml')],
    () => ctr('version').then(() => true),
  );
  return {
    name,
    run,
    load: async (archive) => {
      await ctr(`images import --digests=false '${archive}'`);
    },
    join: async (cluster) => {
      const kubeconfig = (user: string): Promise<string> =>
        cluster.kubeconfigFile({ token: cluster.address.tokens[user] ?? '' });
      await start('kubelet', asset('kubelet'), [
        `--config=${join(paths.directory, 'kubelet.json')}`,
        `--kubeconfig=${await kubeconfig(`system:node:${name}`)}`,
        `--hostname-override=${name}`,
        `--node-ip=${address.address}`,
        `--root-dir=${join(paths.directory, 'kubelet')}`,
        `--cert-dir=${join(paths.directory, 'certificates')}`,
      ]);
      await start('kube-proxy', asset('kube-proxy'), [
        `--kubeconfig=${await kubeconfig('system:kube-proxy')}`,
        `--hostname-override=${name}`,
        `--cluster-cidr=${addresses.pods}`,
        '--proxy-mode=iptables',
        // These are the whole machine's, and out of reach in a network namespace.
        ...['--conntrack-max-per-core=0', '--conntrack-tcp-timeout-established=0'],
        '--conntrack-tcp-timeout-close-wait=0',
      ]);
    },
    enforcePolicies: async (cluster) => {
      await start('kube-router', asset('kube-router'), [
        `--kubeconfig=${await cluster.kubeconfigFile()}`,
        `--hostname-override=${name}`,
        ...['--run-router=false', '--run-firewall=true', '--run-service-proxy=false'],
        ...[`--service-cluster-ip-range=${addresses.services}`, '--health-port=0', '--metrics-port=0'],
      ]);
    },
    log: async () => {
      const logs = await Promise.all(processes.map(async (each) => `--- ${each.name}\n${await tail(each)}`));
      return logs.join('\n');
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function writeFiles(paths: NodePaths, address: NodeAddress, cgroupRoot: string): Promise<void> {
  const { directory } = paths;
  const write = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text);
  await mkdir(join(directory, 'cni'), { recursive: true });
  await write('containerd.toml', containerdConfig(paths));
  await write('cni/pods.conflist', cniConfig(paths, address));
  await write('kubelet.json', kubeletConfig(paths, { cgroupRoot, cgroupVersion: cgroupVersion() }));
  await write('resolv.conf', '');
  await mkdir(join(directory, 'kernel'));
  for (const [path, value] of Object.entries(kernelValues)) {
    await write(kernelFile(path), value);
  }
}

function kernelFile(path: string): string {
  return join('kernel', path.replaceAll('/', '_'));
}

/** What the first process in the new namespaces does; it then holds them until it is killed. */
function prepareNamespaces({ directory }: NodePaths): string {
  return [
    'set -e',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    ...Object.keys(kernelValues).map((path) => `mount --bind ${join(directory, kernelFile(path))} ${path}`),
    // Volumes are mounted by the kubelet and must be seen by containers: shared, but within this namespace
    // only.
    'mount --make-rshared /',
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || true',
    `echo yes > ${join(directory, 'prepared')}`,
    'exec sleep infinity',
  ].join('\n');
}

async function tail(running: RunningProcess): Promise<string> {
  return (await running.log()).split('\n').slice(-30).join('\n');
}
