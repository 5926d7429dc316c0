import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../../../test/harness/poll.ts';

const mounts = '/sys/fs/cgroup';

/** Which cgroups this machine has: one hierarchy per controller, or one for all. */
export const cgroupVersion = (): 1 | 2 => (existsSync(join(mounts, 'cgroup.controllers')) ? 2 : 1);

/** The directories that hold the cgroup `name` in each hierarchy. */
async function directories(name: string): Promise<readonly string[]> {
  if (cgroupVersion() === 2) {
    return [join(mounts, name)];
  }
  return (
    (await readdir(mounts, { withFileTypes: true }))
      // Links are second names: cpu,cpuacct.
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(mounts, entry.name, name))
  );
}

/** Makes a cgroup for each node, with all that a kubelet wants to find there. */
export async function createCgroups(name: string, nodes: readonly string[]): Promise<void> {
  for (const directory of await directories(name)) {
    for (const path of [directory, ...nodes.map((node) => join(directory, node))]) {
      await mkdir(path);
      if (existsSync(join(path, 'cgroup.controllers'))) {
        await passControllersOn(path);
      } else if (existsSync(join(path, 'cpuset.cpus'))) {
        await inheritProcessors(path);
      }
    }
  }
}

/** Cgroup v1: a new cpuset is empty, and processes can't enter it. */
async function inheritProcessors(path: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    await writeFile(join(path, file), await readFile(join(path, '..', file), 'utf8'));
  }
}

/** Cgroup v2: children have the controllers that their parent hands on. */
async function passControllersOn(path: string): Promise<void> {
  const controllers = (await readFile(join(path, 'cgroup.controllers'), 'utf8')).trim().split(' ');
  const wanted = controllers.filter(Boolean).map((controller) => `+${controller}`);
  await writeFile(join(path, 'cgroup.subtree_control'), wanted.join(' '));
}

/**
 * Removes the cgroup and all below it, from the leaves up. Processes that were killed a moment ago may still
 * hold one.
 *
 * @returns what could not be removed
 */
export async function removeCgroups(name: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const directory of await directories(name)) {
    try {
      await poll(`${directory} to be empty`, () => removeTree(directory), { timeoutMs: 10_000 });
    } catch {
      left.push(directory);
    }
  }
  return left;
}

async function removeTree(directory: string): Promise<boolean> {
  if (!existsSync(directory)) {
    return true;
  }
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      await removeTree(join(directory, entry.name));
    }
  }
  await rmdir(directory);
  return true;
}
