import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const RUN = fileURLToPath(new URL('fixtures/reporter/run.ts', import.meta.url));

/** Runs fixtures as a run of their own and returns the lines it printed. */
function linesOf(...args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    // The run fails on purpose; what counts is what it prints.
    execFile(process.execPath, [RUN, ...args], (_error, stdout) => resolve(stdout.trim().split('\n')));
  });
}

test('a run ends with its counts alone on a line, after what was skipped and why', async () => {
  expect((await linesOf('mixed')).slice(-2)).toEqual([
    'skipped: mixed.fixture.ts > mixed > needs what is not here: the part cannot be installed here',
    '2 passed, 1 failed, 1 skipped',
  ]);
});

test("a file that can't be loaded counts as a failure", async () => {
  expect((await linesOf('broken')).at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});
