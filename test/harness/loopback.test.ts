import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PROGRAM = new URL('./fixtures/loopback/start.ts', import.meta.url).pathname;

/** A network namespace of its own: loopback, and no address or route beside it. */
const unshare = ['--net', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
const isAllowed = spawnSync('unshare', [...unshare, 'ip', 'link', 'set', 'lo', 'up']).status === 0;

test('the API server starts on a machine without a network', async ({ skip }) => {
  skip(!isAllowed, 'network namespaces need Linux with unshare and ip, and root or user namespaces');
  const script = 'ip link set lo up && exec "$0" "$1"';
  const { stdout } = await promisify(execFile)('unshare', [
    ...unshare,
    'sh',
    '-c',
    script,
    process.execPath,
    PROGRAM,
  ]);
  expect(stdout).toMatch(/served namespaces: [1-9]/);
});
