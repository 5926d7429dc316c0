import { describe, expect, test } from 'vitest';
import { IdleHeap } from '../../src/cli/commands/idle-heap.ts';

/** What happens in ten seconds: CPU that is used, in milliseconds, and whether memory is given back then. */
type Period = readonly [cpuMs: number, isCollected: boolean];

/** How often an idle heap collects over these periods, one entry each. */
function collections(periods: readonly number[], collectionMs: number): readonly boolean[] {
  let cpuMs = 700; // what was used before it is there
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
    cpuMs: () => cpuMs,
    collect: () => {
      count += 1;
      cpuMs += collectionMs;
    },
  });
  return periods.map((used) => {
    const before = count;
    cpuMs += used;
    look?.();
    return count > before;
  });
}

describe('memory that work has left behind is given back', () => {
  test.each<[what: string, collectionMs: number, periods: readonly Period[]]>([
    [
      'after the start',
      50,
      [
        [300, true],
        [20, false],
        [20, false],
      ],
    ],
    [
      'after a start that takes longer',
      50,
      [
        [4_000, false],
        [900, false],
        [20, true],
        [20, false],
      ],
    ],
    [
      'after a burst of work',
      50,
      [
        [20, true],
        [3_000, false],
        [9_000, false],
        [20, true],
        [20, false],
      ],
    ],
    [
      'after many small pieces of work',
      50,
      [
        [20, true],
        [400, false],
        [400, false],
        [400, true],
        [400, false],
      ],
    ],
    [
      'not while there is work',
      50,
      [
        [600, false],
        [600, false],
        [600, false],
        [600, false],
      ],
    ],
    [
      'when a large heap has earned it',
      200,
      [
        [20, true],
        [3_000, false],
        [20, false],
        [900, false],
        [100, true],
      ],
    ],
  ])('%s', (_what, collectionMs, periods) => {
    const seen = collections(
      periods.map(([cpuMs]) => cpuMs),
      collectionMs,
    );
    expect(seen).toEqual(periods.map(([, isCollected]) => isCollected));
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
      cpuMs: () => 0,
      collect: () => undefined,
    });
    expect(armed).toBe(1);
    heap[Symbol.dispose]();
    expect(armed).toBe(0);
  });
});
