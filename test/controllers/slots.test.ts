import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunSlots, type Slot } from '../../src/controllers/bootstraprecovery/run-slots.ts';
import { formatKey, type ObjectKey } from '../../src/kube/client/object-key.ts';

/** Any number of runs that come, run, end and give up in any order. */
class Crowd {
  readonly running = new Map<string, { app: string; slot: Slot }>();
  readonly woken: ObjectKey[] = [];
  readonly #slots: RunSlots;

  constructor(limit: number) {
    this.#slots = new RunSlots(limit, (key) => this.woken.push(key));
  }

  ask(key: ObjectKey, app: string): boolean {
    const slot = this.#slots.acquire(key, app);
    if ('refusedBecause' in slot) {
      return false;
    }
    this.running.set(formatKey(key), { app, slot });
    return true;
  }

  end(key: ObjectKey): void {
    const run = this.running.get(formatKey(key));
    this.running.delete(formatKey(key));
    run?.slot.release();
  }

  giveUp(key: ObjectKey): void {
    this.#slots.forget(key);
  }
}

const keyOf = (run: number): ObjectKey => ({ namespace: 'n', name: `run-${run}` });
const appOf = (run: number): string => `app-${run % 5}`;

describe('places for runs', () => {
  test('never more runs than places, never two on one app, and everybody who waits gets a place', () => {
    const step = fc.record({
      run: fc.integer({ min: 0, max: 19 }),
      act: fc.constantFrom('ask', 'ask', 'end', 'giveUp'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 120 }), (limit, steps) => {
        const crowd = new Crowd(limit);
        const waiting = new Set<number>();
        const check = () => {
          const apps = [...crowd.running.values()].map(({ app }) => app);
          expect(apps.length).toBeLessThanOrEqual(limit);
          expect(new Set(apps).size).toBe(apps.length);
        };
        for (const { run, act } of steps) {
          const key = keyOf(run);
          const isRunning = crowd.running.has(formatKey(key));
          if (act === 'ask' && !isRunning) {
            if (crowd.ask(key, appOf(run))) {
              waiting.delete(run);
            } else {
              waiting.add(run);
            }
          } else if (act === 'end' && isRunning) {
            crowd.end(key);
          } else if (act === 'giveUp' && !isRunning) {
            crowd.giveUp(key);
            waiting.delete(run);
          }
          check();
        }
        // From here on everybody who runs ends, and everybody who is woken comes.
        const served = new Set<string>();
        for (;;) {
          const [runner] = crowd.running.keys();
          const next = crowd.woken.shift();
          if (next !== undefined) {
            const run = Number(next.name.slice('run-'.length));
            if (waiting.has(run) && crowd.ask(next, appOf(run))) {
              waiting.delete(run);
              served.add(next.name);
            }
          } else if (runner !== undefined) {
            crowd.end({ namespace: 'n', name: runner.slice('n/'.length) });
          } else {
            break;
          }
          check();
        }
        expect([...waiting]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('who came first goes first, and a newcomer does not overtake', () => {
    const crowd = new Crowd(1);
    expect(crowd.ask(keyOf(0), 'a')).toBe(true);
    expect(crowd.ask(keyOf(1), 'b')).toBe(false);
    expect(crowd.ask(keyOf(2), 'c')).toBe(false);
    crowd.end(keyOf(0));
    expect(crowd.woken).toEqual([keyOf(1)]);
    expect(crowd.ask(keyOf(3), 'd')).toBe(false);
    expect(crowd.ask(keyOf(1), 'b')).toBe(true);
  });

  test('a place kept for a run that never comes is given to the next', () => {
    const crowd = new Crowd(1);
    crowd.ask(keyOf(0), 'a');
    crowd.ask(keyOf(1), 'b');
    crowd.ask(keyOf(2), 'c');
    crowd.end(keyOf(0));
    crowd.giveUp(keyOf(1));
    expect(crowd.woken).toEqual([keyOf(1), keyOf(2)]);
    expect(crowd.ask(keyOf(2), 'c')).toBe(true);
  });

  test('who has to wait is told for whom', () => {
    const slots = new RunSlots(1, () => undefined);
    slots.acquire(keyOf(0), 'a');
    expect(slots.acquire(keyOf(1), 'a')).toEqual({
      refusedBecause: 'Waits for its turn: when it came, run n/run-0 was working on the same app.',
    });
    expect(slots.acquire(keyOf(2), 'b')).toEqual({
      refusedBecause:
        'Waits for its turn: when it came, every place for runs of this controller (1) was taken.',
    });
  });

  test('giving a place back twice does nothing the second time', () => {
    const slots = new RunSlots(1, () => undefined);
    const slot = slots.acquire(keyOf(0), 'a');
    if ('refusedBecause' in slot) {
      throw new Error('there was a place');
    }
    slot.release();
    slots.acquire(keyOf(1), 'a');
    slot.release();
    expect(slots.taken).toBe(1);
  });
});
