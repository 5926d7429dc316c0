import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SetupFailure } from './failure.mjs';

const run = promisify(execFile);

/**
 * Bundles the program into dist/, which bin/tuf-recovery prefers while it is newer than the sources.
 *
 * @param {string} root of the clone
 * @param {import('./progress.mjs').Progress} progress
 */
export async function buildBundle(root, progress) {
  const step = progress.start('program', 'bundle');
  try {
    await run(join(root, 'node_modules', '.bin', 'node'), [join(root, 'scripts', 'build.ts')], { cwd: root });
    step.done('bundled');
  } catch (error) {
    step.failed();
    throw new SetupFailure(`The program can't be bundled: ${error instanceof Error ? error.message : error}`);
  }
}
