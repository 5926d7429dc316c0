import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startProcess } from '../harness/process.ts';

async function runAccident(accident: string) {
  const program = fileURLToPath(new URL('./fixtures/crash.program.ts', import.meta.url));
  await using running = await startProcess({
    name: accident,
    command: process.execPath,
    args: [program, accident],
  });
  const { code } = await running.exited;
  return { code, log: await running.log() };
}

test.each(['socket-without-listener', 'unhandled-connection-error'])(
  'an unhandled error of a lost connection is logged and survived: %s',
  async (accident) => {
    const { code, log } = await runAccident(accident);
    expect(log).toContain('still here');
    expect(log).toContain('the error of a lost connection was not handled');
    expect(code).toBe(0);
  },
);

test.each(['thrown-defect', 'unhandled-defect', 'give-up-thrown-from-an-emitter'])(
  'a defect ends the process with its exit code and a fatal line: %s',
  async (accident) => {
    const { code, log } = await runAccident(accident);
    expect(log).not.toContain('still here');
    expect(JSON.parse(log.trim())).toMatchObject({ level: 60, msg: 'programmer error; exiting' });
    expect(code).toBe(70);
  },
);
