import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { poll } from './poll.ts';
import { startProcess } from './process.ts';

const SLEEPER = { name: 'sleeper', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: gone
  }
}

describe('a process of the harness', () => {
  test('stops with SIGTERM, and with SIGKILL when it is suspended', async () => {
    await using polite = await startProcess(SLEEPER);
    expect(await polite.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    await using killed = await startProcess(SLEEPER);
    killed.suspend();
    expect(await killed.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await killed.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('has time to stop, and a slow machine has it, too', async () => {
    await using slow = await startProcess({
      name: 'slow',
      command: process.execPath,
      args: [
        '-e',
        'process.on("SIGTERM", () => setTimeout(process.exit, 11_000)); setInterval(() => {}, 1000); console.log("listening")',
      ],
      ready: async () => true,
    });
    await poll('the handler', async () => (await slow.log()).includes('listening'));
    expect(await slow.stop()).toEqual({ code: 0, signal: null });
  });

  test('still has its log when it was disposed of', async () => {
    const speaking = await startProcess({
      name: 'speaking',
      command: process.execPath,
      args: ['-e', 'console.log("the last words")'],
    });
    await speaking.exited;
    await speaking[Symbol.asyncDispose]();
    expect(await speaking.log()).toBe('the last words\n');
    await speaking[Symbol.asyncDispose]();
  });

  test('that fails to start says so with the end of its log', async () => {
    const failing = startProcess({
      name: 'failing',
      command: process.execPath,
      args: ['-e', 'console.error("the port is taken"); process.exit(3)'],
      ready: async () => false,
    });
    await expect(failing).rejects.toThrow(/failing did not start: it ended at once[\s\S]*the port is taken/);
  });

  test('that does not exist fails with an error', async () => {
    const missing = startProcess({
      name: 'missing',
      command: '/nowhere/missing',
      args: [],
      ready: async () => false,
    });
    await expect(missing).rejects.toThrow(/missing/);
  });

  test.for(['SIGTERM', 'SIGKILL'] as const)(
    'dies with a parent that is ended by %s',
    async (signal, { skip }) => {
      skip(
        signal === 'SIGKILL' && process.platform !== 'linux',
        'only Linux tells a child that its parent was killed',
      );
      const harness = fileURLToPath(new URL('process.ts', import.meta.url));
      const script = `
      const { startProcess } = await import(${JSON.stringify(harness)});
      const child = await startProcess(${JSON.stringify(SLEEPER)});
      console.log(child.pid);`;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(parent.stdout, 'data');
      const pid = Number(line);
      expect(isAlive(pid)).toBe(true);
      parent.kill(signal);
      await once(parent, 'exit');
      await poll('the child to be gone', () => !isAlive(pid));
    },
  );
});
