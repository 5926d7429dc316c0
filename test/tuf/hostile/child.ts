import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { HostileResult } from './run.ts';

/** MiB of objects that the process may hold, as in the pod. */
const HEAP_MIB = 384;

const PROGRAM = fileURLToPath(new URL('./run.ts', import.meta.url));

/** Verifies hostile buckets in a process of their own; rejects when that dies. */
export async function verifyInChild(names: readonly string[]): Promise<readonly HostileResult[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    `--max-old-space-size=${HEAP_MIB}`,
    PROGRAM,
    ...names,
  ]);
  return (
    stdout
      .trim()
      .split('\n')
      // The program prints one result a line.
      .map((line) => JSON.parse(line) as HostileResult)
  );
}
