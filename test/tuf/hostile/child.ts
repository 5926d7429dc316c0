import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostileResult } from './run.ts';

/** MiB of objects that the process may hold, as in the pod. */
const HEAP_MIB = 384;
/** How a process runs that is to survive hostile buckets: as in the image, with the heap of a pod. */
export const POD_FLAGS = ['--expose-gc', `--max-old-space-size=${HEAP_MIB}`, semiSpaceFlag()];
/** Resident MiB that a pod of 512 MiB can spare. */
export const MAX_RSS_MIB = 450;

const PROGRAM = fileURLToPath(new URL('./run.ts', import.meta.url));

/** Verifies hostile buckets in a process of their own; rejects when that dies. */
export function verifyInChild(names: readonly string[]): Promise<readonly HostileResult[]> {
  return resultsOf<HostileResult>(PROGRAM, names);
}

/**
 * Runs a program with the memory of a pod and gives the lines of JSON that it prints; rejects when it
 * dies.
 */
export async function resultsOf<Result>(
  program: string,
  args: readonly string[],
): Promise<readonly Result[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [...POD_FLAGS, program, ...args]);
  return (
    stdout
      .trim()
      .split('\n')
      // The program prints one result a line.
      .map((line) => JSON.parse(line) as Result)
  );
}

/** The size of the young generation that the image gives Node.js. */
function semiSpaceFlag(): string {
  const [flag] = /--max-semi-space-size=\d+/.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  if (flag === undefined) {
    throw new Error('The Dockerfile does not set --max-semi-space-size.');
  }
  return flag;
}
