import { readdir, readFile } from 'node:fs/promises';
import { processTime } from './process-time.ts';

/** CPU time in clock ticks until now. */
interface Usage {
  /** Of the wall clock. */
  readonly atMs: number;
  /** Of the machine, idle time included: what there was to have. */
  readonly all: number;
  readonly idle: number;
  /** Of this process and all that it has started. */
  readonly own: number;
}

/**
 * How much of the machine's CPU time went to programs that are no part of the bench, by `/proc`. A figure
 * that is out of line on a machine that others keep busy may be theirs.
 */
export class CPUShare {
  readonly #samples: Usage[] = [];

  async sample(): Promise<void> {
    const [all, idle] = await machineTicks();
    this.#samples.push({ atMs: Date.now(), all, idle, own: await ownTicks() });
  }

  /** Between 0 and 1, over the samples around these times (wall clock, milliseconds); NaN without any. */
  ofOthers(fromMs: number, toMs: number): number {
    const before = this.#samples.findLast(({ atMs }) => atMs <= fromMs) ?? this.#samples[0];
    const after = this.#samples.find(({ atMs }) => atMs >= toMs) ?? this.#samples.at(-1);
    if (before === undefined || after === undefined) {
      return Number.NaN;
    }
    const all = after.all - before.all;
    const busy = all - (after.idle - before.idle);
    return Math.max(0, busy - (after.own - before.own)) / all;
  }
}

async function machineTicks(): Promise<readonly [all: number, idle: number]> {
  const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0] = ticks;
  return [ticks.reduce((sum, each) => sum + each, 0), idle + waiting];
}

async function ownTicks(): Promise<number> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = (await Promise.all(names.map((name) => processTime(Number(name))))).filter(
    (time) => time !== undefined,
  );
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const below = (parent: number): number =>
    (children.get(parent) ?? []).reduce((sum, { pid, ticks }) => sum + ticks + below(pid), 0);
  return below(process.pid) + (processes.find(({ pid }) => pid === process.pid)?.ticks ?? 0);
}
