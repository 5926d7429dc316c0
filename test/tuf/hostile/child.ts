import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { imageRuntime } from '../../harness/image-runtime.ts';
import type { HostileResult } from './run.ts';

/** What Node.js is given so that its heap is that of a pod: MiB of objects. */
export const POD_HEAP = '--max-old-space-size=384';
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
  const image = imageRuntime();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...image.flags, POD_HEAP, program, ...args],
    { env: { ...process.env, ...image.env } },
  );
  return (
    stdout
      .trim()
      .split('\n')
      // The program prints one result a line.
      .map((line) => JSON.parse(line) as Result)
  );
}
