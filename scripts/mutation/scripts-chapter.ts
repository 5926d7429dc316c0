import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scriptTests } from './chapters.ts';
import { luaMutants, withMutant } from './lua-mutants.ts';
import { copyRepository } from './sandbox.ts';

/** How many mutants the tests noticed. */
export interface Score {
  readonly killed: number;
  readonly survived: number;
}

/** Where the Lua scripts are. */
export const SCRIPTS_FOLDER = 'src/redis/scripts';

/** A test that hangs has noticed, too. */
const LONGEST_RUN_MS = 300_000;

/**
 * Changes the Lua scripts, a line at a time, and runs the tests that answer for them. Stryker can't: it reads
 * JavaScript only.
 *
 * @param directory where the changed copy of the repository is put
 * @param report called with a line for each survivor and each script
 * @param names file names of some scripts; left out: all of them
 */
export async function mutateScripts(
  directory: string,
  report: (line: string) => void,
  names: readonly string[] = Object.keys(scriptTests),
): Promise<Score> {
  const copy = await copyRepository(directory);
  const folder = join(copy, SCRIPTS_FOLDER);
  const total = { killed: 0, survived: 0 };
  for (const script of names) {
    const tests = scriptTests[script] ?? [];
    if (tests.length === 0 || !(await testsPass(copy, tests))) {
      throw new Error(`The tests of ${script} fail without a change, or there are none.`);
    }
    const source = await readFile(join(folder, script), 'utf8');
    const mutants = luaMutants(source);
    let killed = 0;
    for (const mutant of mutants) {
      await writeFile(join(folder, script), withMutant(source, mutant));
      if (await testsPass(copy, tests)) {
        report(`survived: ${script}:${mutant.line}\n- ${mutant.before}\n+ ${mutant.after}`);
      } else {
        killed += 1;
      }
    }
    await writeFile(join(folder, script), source);
    report(`${script}: ${killed} of ${mutants.length} killed`);
    total.killed += killed;
    total.survived += mutants.length - killed;
  }
  return total;
}

async function testsPass(copy: string, files: readonly string[]): Promise<boolean> {
  const vitest = join(copy, 'node_modules/.bin/vitest');
  const tests = spawn(process.execPath, [vitest, 'run', '--bail=1', ...files], {
    cwd: copy,
    stdio: 'ignore',
    timeout: LONGEST_RUN_MS,
  });
  const [code] = await once(tests, 'exit');
  return code === 0;
}
