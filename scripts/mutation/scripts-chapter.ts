import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scriptTests } from './chapters.ts';
import { luaMutants, withMutant } from './lua-mutants.ts';
import { copyRepository } from './sandbox.ts';

/** How many mutants the tests noticed. */
export interface Score {
  readonly killed: number;
  readonly survived: number;
}

/** A test that hangs has noticed, too. */
const LONGEST_RUN_MS = 300_000;

/**
 * Changes the Lua scripts, a line at a time, and runs the tests that answer for them. Stryker can't: it reads
 * JavaScript only.
 *
 * @param directory where the changed copy of the repository is put
 * @param report called with a line for each survivor and each script
 */
export async function mutateScripts(directory: string, report: (line: string) => void): Promise<Score> {
  const copy = await copyRepository(directory);
  if (!(await testsPass(copy))) {
    throw new Error('The tests of the scripts fail without a change: run them first.');
  }
  const folder = join(copy, 'src/redis/scripts');
  const total = { killed: 0, survived: 0 };
  for (const script of (await readdir(folder)).filter((name) => name.endsWith('.lua'))) {
    const source = await readFile(join(folder, script), 'utf8');
    const mutants = luaMutants(source);
    let killed = 0;
    for (const mutant of mutants) {
      await writeFile(join(folder, script), withMutant(source, mutant));
      if (await testsPass(copy)) {
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

async function testsPass(copy: string): Promise<boolean> {
  const tests = spawn(join(copy, 'node_modules/.bin/vitest'), ['run', '--bail=1', ...scriptTests], {
    cwd: copy,
    stdio: 'ignore',
    timeout: LONGEST_RUN_MS,
  });
  const [code] = await once(tests, 'exit');
  return code === 0;
}
