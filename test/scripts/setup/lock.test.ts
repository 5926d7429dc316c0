import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withLock } from '../../../scripts/setup/lock.mjs';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

test('two set-ups at once do the work one after the other, and leave nothing behind', async () => {
  await using folder = await temporaryDirectory('locks');
  const events: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    events.push(`${name} ends`);
  };
  await Promise.all(['a', 'b', 'c'].map((name) => withLock(folder.path, 'build', work(name))));
  const order = events.filter((event) => event.endsWith('begins')).map((event) => event.charAt(0));
  expect([...order].sort()).toEqual(['a', 'b', 'c']);
  expect(events).toEqual(order.flatMap((name) => [`${name} begins`, `${name} ends`]));
  expect(await readdir(folder.path)).toEqual([]);
});

test('a set-up that fails frees the next one', async () => {
  await using folder = await temporaryDirectory('locks');
  const failing = withLock(folder.path, 'build', async () => {
    throw new Error('no compiler');
  });
  await expect(failing).rejects.toThrow('no compiler');
  expect(await withLock(folder.path, 'build', async () => 'built')).toBe('built');
});

test('the lock of a set-up that was killed is taken over by exactly one of those who wait', async () => {
  await using folder = await temporaryDirectory('locks');
  const lock = fileURLToPath(new URL('../../../scripts/setup/lock.mjs', import.meta.url));
  const script = `
    import { withLock } from ${JSON.stringify(lock)};
    await withLock(${JSON.stringify(folder.path)}, 'build', () => new Promise(() => {
      console.log('locked');
      setInterval(() => {}, 1000);
    }));`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  const waiters = Promise.all(Array.from({ length: 8 }, () => withLock(folder.path, 'build', work)));
  holder.kill('SIGKILL');
  await waiters;
  expect(most).toBe(1);
});
