import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { asset } from '../../../test/harness/assets.ts';

const programs = [
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'runc',
  'bridge',
  'loopback',
  'host-local',
  'portmap',
] as const;

/** Fills a folder with links to containerd and what it calls, under the names it calls them by. */
export async function linkPrograms(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of programs) {
    await symlink(asset(name), join(directory, name));
  }
}
