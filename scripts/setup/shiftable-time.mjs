import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SetupFailure } from './failure.mjs';

const run = promisify(execFile);
const NOW = /^func Now\(\) Time \{\n\tsec, nsec, mono := \w+\(\)\n/m;
const OFFSET = `
// clockOffset is how many seconds Now is ahead of the clock of the machine.
var clockOffset = func() int64 {
	text, _ := syscall.Getenv("TEST_CLOCK_OFFSET_MS")
	milliseconds, _ := atoi(text)
	return int64(milliseconds) / 1000
}()
`;

/**
 * Writes a variant of Go's package time whose Now is ahead by the environment variable TEST_CLOCK_OFFSET_MS.
 * Go programs read the clock without the C library, so that nothing preloaded into them could do it.
 *
 * @param {string} go
 * @param {NodeJS.ProcessEnv} env the environment of the build, which decides on the toolchain
 * @param {string} module the directory of the module that is built
 * @param {string} directory where the files may lie until the build has ended
 * @returns {Promise<string>} the file for `go build -overlay`
 */
export async function writeShiftableTime(go, env, module, directory) {
  const { stdout } = await run(go, ['env', 'GOROOT'], { cwd: module, env });
  const original = join(stdout.trim(), 'src', 'time', 'time.go');
  const text = await readFile(original, 'utf8');
  if (!NOW.test(text)) {
    throw new SetupFailure(
      `time.Now of ${original} is not written as scripts/setup/shiftable-time.mjs expects.`,
    );
  }
  const changed = text
    .replace(NOW, (begin) => `${begin}\tsec += clockOffset\n`)
    .replace('\t"math/bits"\n', '\t"math/bits"\n\t"syscall"\n');
  const variant = join(directory, 'time.go');
  const overlay = join(directory, 'overlay.json');
  await writeFile(variant, changed + OFFSET);
  await writeFile(overlay, JSON.stringify({ Replace: { [original]: variant } }));
  return overlay;
}
