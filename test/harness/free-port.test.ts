import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { freeClusterPort, freePort } from './free-port.ts';

/** Drawn without regard to each other, two sets of this size would share 18 ports of 20,000. */
const DRAWN = 600;

/** Draws ports in a process of its own, prints them, and keeps its claims until its input closes. */
const OTHER_PROCESS = `
  import { freePort } from ${JSON.stringify(import.meta.resolve('./free-port.ts'))};
  const ports = [];
  for (let index = 0; index < ${DRAWN}; index += 1) ports.push(await freePort());
  console.log(JSON.stringify(ports));
  for await (const chunk of process.stdin) void chunk;
`;

test('two processes never get one port, whose servers may start later', async () => {
  const other = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', OTHER_PROCESS]);
  const mine: number[] = [];
  for (let index = 0; index < DRAWN; index += 1) {
    mine.push(await freePort());
  }
  other.child.stdin?.end();
  const theirs = JSON.parse((await other).stdout) as number[];
  expect(new Set([...mine, ...theirs]).size).toBe(2 * DRAWN);
});

test('the port of a Redis in Cluster mode keeps that of its bus free', async () => {
  const drawn = new Set<number>();
  for (let index = 0; index < DRAWN; index += 1) {
    const port = await freeClusterPort();
    drawn.add(port).add(port + 10_000);
    drawn.add(await freePort());
  }
  expect(drawn.size).toBe(3 * DRAWN);
});
