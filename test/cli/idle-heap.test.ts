import { describe, expect, test } from 'vitest';
import { IdleHeap, type ProcessUsage } from '../../src/cli/commands/idle-heap.ts';

/** What happens in ten seconds. */
interface Period {
  /** Milliseconds of CPU that are used. */
  readonly cpu: number;
  /** MiB by which the heap grows; 0 when absent. */
  readonly grows?: number;
  /** Whether memory is given back at its end. */
  readonly collects?: true;
}

interface Process {
  /** MiB that a collection leaves, and milliseconds of CPU that it takes. */
  readonly live: number;
  readonly collection: number;
  readonly periods: readonly Period[];
}

/** Whether an idle heap collects at the end of each period. */
function collections({ live, collection, periods }: Process): readonly boolean[] {
  // What the start took, before there is an idle heap.
  let [cpuMs, heapMiB] = [700, live + 10];
  let look: (() => void) | undefined;
  let count = 0;
  using _heap = new IdleHeap({
    clock: {
      after: (_delayMs, callback) => {
        look = callback;
        return () => {
          look = undefined;
        };
      },
    },
    usage: (): ProcessUsage => ({ cpuMs, heapBytes: heapMiB * 2 ** 20 }),
    collect: () => {
      count += 1;
      heapMiB = live;
      cpuMs += collection;
    },
  });
  return periods.map(({ cpu, grows = 0 }) => {
    const before = count;
    cpuMs += cpu;
    heapMiB += grows;
    look?.();
    return count > before;
  });
}

const start: Period = { cpu: 300, collects: true };
const quiet: Period = { cpu: 20 };
const collected: Period = { cpu: 20, collects: true };

describe('memory that work has left behind is given back', () => {
  test.each<[what: string, process: Process]>([
    ['after the start', { live: 25, collection: 150, periods: [start, quiet, quiet] }],
    [
      'after a start that takes longer',
      { live: 25, collection: 150, periods: [{ cpu: 4_000 }, { cpu: 900 }, collected, quiet] },
    ],
    [
      'after becoming leader, which is little work and much memory',
      { live: 25, collection: 150, periods: [start, { cpu: 800, grows: 20 }, collected, quiet] },
    ],
    [
      'after work that left the heap as large as it was, and empty',
      { live: 25, collection: 150, periods: [start, { cpu: 3_000 }, { cpu: 9_000 }, collected, quiet] },
    ],
    [
      'after many small pieces of work',
      {
        live: 25,
        collection: 150,
        periods: [start, ...Array(6).fill({ cpu: 450 }), { cpu: 450, collects: true }],
      },
    ],
    [
      'not while there is work',
      { live: 25, collection: 150, periods: Array(5).fill({ cpu: 600, grows: 20 }) },
    ],
    [
      'not for small gains',
      { live: 25, collection: 150, periods: [start, { cpu: 20, grows: 3 }, { cpu: 20, grows: 3 }, quiet] },
    ],
    [
      'not for gains that are small for a large heap',
      {
        live: 200,
        collection: 1_000,
        periods: [start, { cpu: 400, grows: 30 }, quiet, { cpu: 9, grows: 20, collects: true }],
      },
    ],
  ])('%s', (_what, process) => {
    expect(collections(process)).toEqual(process.periods.map(({ collects = false }) => collects));
  });

  test('no more once it is disposed of', () => {
    let armed = 0;
    const heap = new IdleHeap({
      clock: {
        after: () => {
          armed += 1;
          return () => {
            armed -= 1;
          };
        },
      },
      usage: () => ({ cpuMs: 0, heapBytes: 0 }),
      collect: () => undefined,
    });
    expect(armed).toBe(1);
    heap[Symbol.dispose]();
    expect(armed).toBe(0);
  });
});
