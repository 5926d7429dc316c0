import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { execute } from '../../demo/execute.ts';
import { findOnPath } from '../../setup/locate.mjs';

const programs = ['unshare', 'nsenter', 'ip', 'iptables', 'nft', 'ipset', 'conntrack'] as const;

/** Why this machine can't be made a cluster of nodes, or undefined when it can. */
export async function reasonNotToRun(): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    return `nodes need Linux, and this is ${process.platform}`;
  }
  if (process.getuid?.() !== 0) {
    return 'making nodes takes root; run it with sudo';
  }
  const missing = programs.filter((program) => findOnPath(program) === undefined);
  if (missing.length > 0) {
    return `these programs are missing: ${missing.join(', ')}`;
  }
  try {
    await execute('unshare', [
      ...['--net', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c'],
      'ip link add e2e-probe type bridge && mount -t tmpfs tmpfs /run && iptables -t nat -L',
    ]);
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n').at(-1) : String(error);
    return `namespaces with a bridge, mounts and iptables can't be made here (in a container without the right to?): ${detail}`;
  }
  try {
    await access('/sys/fs/cgroup', constants.W_OK);
  } catch {
    return 'cgroups (/sys/fs/cgroup) are read-only here';
  }
  const filesystems = await readFile('/proc/filesystems', 'utf8');
  return filesystems.includes('overlay') ? undefined : 'the kernel has no overlay file system';
}
