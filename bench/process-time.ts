import { readFile } from 'node:fs/promises';

/** What Linux counts CPU time in, for `/proc`. */
const TICKS_PER_SECOND = 100;

/** A process, with the CPU time of all its threads and of those of its children that have ended. */
export interface ProcessTime {
  readonly pid: number;
  readonly parent: number;
  /** Of 10 ms. */
  readonly ticks: number;
}

/** CPU time of a process until now, by `/proc`; undefined when it has ended. */
export async function processTime(pid: number): Promise<ProcessTime | undefined> {
  // One that has ended has no file any more.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) {
    return undefined;
  }
  // Behind the name of the program, which may hold spaces and brackets.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
  return { pid, parent: fields[1] ?? 0, ticks };
}

/** CPU time of a process until now in seconds, to the hundredth; NaN when it has ended. */
export async function cpuSeconds(pid: number): Promise<number> {
  return ((await processTime(pid))?.ticks ?? Number.NaN) / TICKS_PER_SECOND;
}
