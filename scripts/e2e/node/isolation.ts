import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../test/harness/temporary-directory.ts';
import { lockDirectory } from '../../setup/cache.mjs';
import { clusterNodeParts } from '../../setup/cluster-node-parts.mjs';
import { locateGoPart } from '../../setup/locate.mjs';
import { withLock } from '../../setup/lock.mjs';
import { nodeAddresses } from './addresses.ts';
import { createCgroups, removeCgroups } from './cgroups.ts';

/** The cgroup below which all pods run. One cluster at a time, so one name is enough. */
const cgroup = 'tuf-recovery-e2e';

/** What the program inside is given. */
export interface Inside {
  /** Its files; gone afterwards. */
  readonly directory: string;
  /** The root of the nodes' cgroups, a path that begins with a slash. */
  readonly cgroupRoot: string;
}

/**
 * Runs this program again in network, mount and process namespaces of its own, so that all it starts ends
 * with it, whatever happens. Then cleans up what namespaces don't cover and looks whether anything is left.
 *
 * @param args for the program inside; it finds an {@link Inside} in the environment variable
 *   `E2E_NODE_INSIDE`
 * @returns the exit code: that of the program inside, or 1 when something is left
 */
export function runIsolated(script: string, args: readonly string[]): Promise<number> {
  return withLock(
    lockDirectory(),
    'e2e-node',
    () => isolated(script, args),
    () => console.log('Another e2e:node runs on this machine; waiting for its end …'),
  );
}

async function isolated(script: string, args: readonly string[]): Promise<number> {
  const before = await traces();
  let code = 1;
  {
    await using directory = await temporaryDirectory('e2e-node');
    // A run that was killed together with its parent may have left its cgroups.
    await removeCgroups(cgroup);
    await createCgroups(
      cgroup,
      nodeAddresses.map(({ name }) => name),
    );
    const inside: Inside = { directory: directory.path, cgroupRoot: `/${cgroup}` };
    code = await runInNamespaces(script, args, inside);
  }
  const left = [...(await removeCgroups(cgroup)), ...(await newTraces(before))];
  if (left.length === 0) {
    console.log('Nothing is left on this machine: no process, mount, network interface, cgroup or file.');
    return code;
  }
  console.error(`e2e:node left something behind:\n${left.map((each) => `  ${each}`).join('\n')}`);
  return 1;
}

async function runInNamespaces(script: string, args: readonly string[], inside: Inside): Promise<number> {
  const child = spawn(
    'unshare',
    [
      // Its first process takes all others with it when it ends.
      ...['--net', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
      ...[process.execPath, script, ...args],
    ],
    {
      stdio: 'inherit',
      env: { ...process.env, KUBECONFIG: undefined, E2E_NODE_INSIDE: JSON.stringify(inside) },
    },
  );
  using _patience = waitThroughInterrupts(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** A Ctrl-C reaches the program inside, too, and it cleans up; a second one ends it at once. */
function waitThroughInterrupts(child: ChildProcess): Disposable {
  let interrupts = 0;
  const onInterrupt = (): void => {
    interrupts += 1;
    if (interrupts > 1) {
      child.kill('SIGKILL');
    }
  };
  const onTerminate = (): void => void child.kill('SIGKILL');
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    [Symbol.dispose]: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}

/** What a cluster could leave on the machine. */
async function traces(): Promise<ReadonlySet<string>> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).trim().split('\n');
  const files = (await readdir(tmpdir())).filter((name) => name.startsWith('tuf-recovery-e2e-node-'));
  const namespaces = await readdir('/run/netns').catch(() => []);
  return new Set([
    ...mounts.map((mount) => `mount ${mount.split(' ').slice(0, 2).join(' on ')}`),
    ...Object.keys(networkInterfaces()).map((name) => `network interface ${name}`),
    ...files.map((name) => `file ${join(tmpdir(), name)}`),
    ...namespaces.map((name) => `network namespace ${name}`),
    ...(await clusterProcesses()),
  ]);
}

async function newTraces(before: ReadonlySet<string>): Promise<readonly string[]> {
  return [...(await traces())].filter((trace) => !before.has(trace));
}

/** Processes in one of the cluster's cgroups, and parts of nodes, which nothing else on the machine runs. */
async function clusterProcesses(): Promise<readonly string[]> {
  const parts = new Set(clusterNodeParts().map(({ name }) => locateGoPart(name).path));
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: string[] = [];
  for (const pid of processes) {
    try {
      const program = await readlink(join('/proc', pid, 'exe'));
      const groups = await readFile(join('/proc', pid, 'cgroup'), 'utf8');
      if (parts.has(program) || groups.includes(`/${cgroup}`)) {
        found.push(`process ${pid}: ${program}`);
      }
    } catch {
      // It has ended meanwhile, or is the kernel's.
    }
  }
  return found;
}
