import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type QueuedSlotRequest,
  type Slot,
  SlotPool,
  type SlotRequest,
} from '../../../src/controllers/slots/slot-pool.ts';

const work = (namespace: string, target = 'default', more: Partial<SlotRequest> = {}): SlotRequest => ({
  namespace,
  target,
  kind: 'run',
  bytes: 1,
  ...more,
});

/** Enters work under a name, and keeps the slots that were granted, in order. */
class Line {
  readonly granted: string[] = [];
  readonly slots = new Map<string, Slot>();
  readonly pool: SlotPool;

  constructor(pool: SlotPool) {
    this.pool = pool;
  }

  enter(name: string, wanted: SlotRequest): QueuedSlotRequest {
    return this.pool.enter(wanted, (slot) => {
      this.granted.push(name);
      this.slots.set(name, slot);
    });
  }

  end(name: string): void {
    this.slots.get(name)?.release();
    this.slots.delete(name);
  }
}

const never = new AbortController().signal;

describe('slots', () => {
  test('never more work than slots, never two of one app, never more memory than there is, and all that waits has its turn', () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 29 }),
      act: fc.constantFrom('enter', 'enter', 'end', 'cancel'),
      namespace: fc.constantFrom('a', 'b', 'c'),
      target: fc.constantFrom('x', 'y'),
      bytes: fc.integer({ min: 0, max: 150 }),
      kind: fc.constantFrom('run', 'verification'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 150 }), (slots, steps) => {
        const line = new Line(new SlotPool({ slots, bytes: 100, perKind: { verification: 2 } }));
        const works = new Map<string, SlotRequest>();
        const tickets = new Map<string, QueuedSlotRequest>();
        const check = () => {
          const held = [...line.slots.keys()].map((name) => works.get(name));
          const apps = held.flatMap((each) => each?.exclusive ?? []);
          expect(held.length).toBe(line.pool.taken);
          expect(held.length).toBeLessThanOrEqual(slots);
          expect(new Set(apps).size).toBe(apps.length);
          const bytes = held.reduce((sum, each) => sum + Math.min(75, each?.bytes ?? 0), 0);
          expect(bytes).toBeLessThanOrEqual(100);
          const verifications = held.filter((each) => each?.kind === 'verification');
          expect(verifications.length).toBeLessThanOrEqual(2);
          for (const [, own] of Map.groupBy(verifications, (each) => each?.namespace)) {
            expect(own.length, 'one of two places for verifications').toBe(1);
          }
        };
        for (const { id, act, namespace, target, bytes, kind } of steps) {
          const name = `work-${id}`;
          if (act === 'enter' && !works.has(name)) {
            const exclusive = kind === 'run' ? `app-${id % 5}` : undefined;
            works.set(name, work(namespace, target, { kind, bytes, ...(exclusive && { exclusive }) }));
            tickets.set(name, line.enter(name, works.get(name) ?? work(namespace)));
          } else if (act === 'end' && line.slots.has(name)) {
            line.end(name);
            works.delete(name);
          } else if (act === 'cancel' && works.has(name) && !line.slots.has(name)) {
            tickets.get(name)?.cancel();
            works.delete(name);
          }
          check();
        }
        for (let [name] = line.slots.keys(); name !== undefined; [name] = line.slots.keys()) {
          line.end(name);
          works.delete(name);
          check();
        }
        expect(line.pool.waiting).toBe(0);
        expect(line.pool.taken).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('a tenant with five hundred runs delays the run of another by one turn', () => {
    const line = new Line(new SlotPool({ slots: 2, bytes: 100 }));
    for (let run = 0; run < 500; run += 1) {
      line.enter(`crowd-${run}`, work('crowd', `target-${run % 7}`));
    }
    line.enter('other', work('other'));
    expect(line.granted).toContain('other');
  });

  test('targets of a namespace take turns, whatever the order of arrival', () => {
    const line = new Line(new SlotPool({ slots: 1, bytes: 100 }));
    for (const name of ['a1', 'a2', 'a3']) {
      line.enter(name, work('n', 'a'));
    }
    line.enter('b1', work('n', 'b'));
    line.end('a1');
    line.end('b1');
    expect(line.granted).toEqual(['a1', 'b1', 'a2']);
  });

  test('work that hangs on all targets of one namespace leaves a slot to the others', () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100 }));
    for (let run = 0; run < 20; run += 1) {
      line.enter(`hangs-${run}`, work('hostile', `target-${run}`));
    }
    expect(line.pool.taken).toBe(3);
    for (const name of ['good-1', 'good-2', 'good-3']) {
      line.enter(name, work('good'));
      expect(line.slots.has(name)).toBe(true);
      line.end(name);
    }
  });

  test('work of one kind leaves the rest to the other', () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100, perKind: { verification: 2 } }));
    for (const namespace of ['a', 'b', 'c']) {
      line.enter(`verification-${namespace}`, work(namespace, 'default', { kind: 'verification' }));
    }
    line.enter('run-1', work('a'));
    line.enter('run-2', work('b'));
    expect(line.granted).toEqual(['verification-a', 'verification-b', 'run-1', 'run-2']);
    line.end('verification-a');
    expect(line.granted.at(-1)).toBe('verification-c');
  });

  test('what waits for a kind that is taken is not visited for each that comes or ends', () => {
    const line = new Line(new SlotPool({ slots: 8, bytes: 1_000, perKind: { verification: 4 } }));
    let visits = 0;
    const watched = (at: number): SlotRequest => ({
      ...work('a', `t${at % 4}`, { kind: 'verification' }),
      get exclusive() {
        visits += 1;
        return `app-${at}`;
      },
    });
    const count = 400;
    for (let at = 0; at < count; at += 1) {
      line.enter(`${at}`, watched(at));
    }
    line.enter('run', work('a', 't0'));
    expect(line.granted.at(-1)).toBe('run');
    for (let ended = 0; ended < count; ended += 1) {
      line.end(line.granted.filter((name) => name !== 'run')[ended] ?? '');
    }
    expect(line.granted).toHaveLength(count + 1);
    // Some for each that is granted and for what is held then, and not one for each that waits.
    expect(visits).toBeLessThan(count * 20);
  });

  test('giving a slot back twice does nothing the second time', () => {
    const line = new Line(new SlotPool({ slots: 1, bytes: 100 }));
    line.enter('first', work('n'));
    const first = line.slots.get('first');
    first?.release();
    line.enter('second', work('n'));
    first?.release();
    expect(line.pool.taken).toBe(1);
  });

  test('what stops waiting is given nothing, and holds back no other work', () => {
    const line = new Line(new SlotPool({ slots: 1, bytes: 100 }));
    line.enter('held', work('n'));
    const given = line.enter('given up', work('n'));
    line.enter('next', work('n'));
    given.cancel();
    line.end('held');
    line.end('next');
    expect(line.granted).toEqual(['held', 'next']);
    expect([line.pool.taken, line.pool.waiting]).toEqual([0, 0]);
  });
});

describe('memory', () => {
  test('work that needs more than is free gives its slot back while it waits', async () => {
    const line = new Line(new SlotPool({ slots: 2, bytes: 100 }));
    line.enter('large', work('a', 'default', { bytes: 10 }));
    line.enter('holds', work('b', 'default', { bytes: 50 }));
    const grown = line.slots.get('large')?.grow(80, never);
    line.enter('small', work('c', 'default', { bytes: 10 }));
    expect(line.slots.has('small')).toBe(true);
    line.end('small');
    line.end('holds');
    await grown;
    expect(line.pool.taken).toBe(1);
    line.end('large');
    expect(line.pool.taken).toBe(0);
  });

  test('work that needs more than there is has three quarters, and small work continues beside it', async () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100 }));
    line.enter('huge', work('a'));
    await line.slots.get('huge')?.grow(1_000, never);
    line.enter('large', work('b', 'default', { bytes: 30 }));
    line.enter('small', work('c', 'default', { bytes: 25 }));
    expect([...line.slots.keys()]).toEqual(['huge', 'small']);
    line.end('huge');
    expect(line.slots.has('large')).toBe(true);
  });

  test('a namespace whose works wait for memory keeps no other from beginning', async () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100 }));
    const stop = new AbortController();
    // Each begins when there is a slot, and wants all memory at once.
    for (let run = 0; run < 20; run += 1) {
      line.pool.enter(work('hostile', `target-${run}`), (slot) => {
        queueMicrotask(() => void slot.grow(1_000, stop.signal).catch(() => undefined));
      });
    }
    await new Promise(setImmediate);
    for (const name of ['good-1', 'good-2', 'good-3']) {
      line.enter(name, work('good'));
      await line.slots.get(name)?.grow(20, never);
      expect(line.slots.has(name)).toBe(true);
      line.end(name);
    }
    stop.abort(new Error('done'));
  });

  test('work that the share of its namespace stops holds back that namespace alone', async () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100 }));
    const stop = new AbortController();
    line.enter('other', work('other', 'x', { bytes: 60 }));
    line.enter('first', work('hostile', 'a'));
    line.enter('second', work('hostile', 'b'));
    void line.slots
      .get('second')
      ?.grow(50, stop.signal)
      .catch(() => undefined);
    line.enter('third', work('hostile', 'c'));
    line.enter('fourth', work('hostile', 'd'));
    line.end('other');
    // There is memory for the second one; its namespace has all slots that it may have.
    for (let run = 0; run < 40; run += 1) {
      line.enter(`good-${run}`, work('good'));
      expect(line.slots.has(`good-${run}`)).toBe(true);
      line.end(`good-${run}`);
    }
    stop.abort(new Error('done'));
  });

  test('all work that begins ends, however much it wants and when', async () => {
    const one = fc.record({
      namespace: fc.constantFrom('a', 'b', 'c'),
      target: fc.constantFrom('x', 'y', 'z'),
      kind: fc.constantFrom('run' as const, 'verification' as const),
      sizes: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 4 }),
      givesUp: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(one, { maxLength: 40 }),
        async (slots, all) => {
          const pool = new SlotPool({ slots, bytes: 100, perKind: { verification: 2 } });
          const begin = async ({ sizes, givesUp, ...wanted }: (typeof all)[number]): Promise<void> => {
            const slot = await new Promise<Slot>((resolve) => {
              pool.enter({ ...wanted, bytes: 5 }, resolve);
            });
            const stop = new AbortController();
            try {
              for (const [at, bytes] of sizes.entries()) {
                if (givesUp && at === 2) {
                  setImmediate(() => stop.abort(new Error('gives up')));
                }
                await slot.grow(bytes, stop.signal);
                expect(pool.taken).toBeLessThanOrEqual(slots);
                await new Promise(setImmediate);
              }
            } catch (error) {
              expect(error).toBe(stop.signal.reason);
            } finally {
              slot.release();
            }
          };
          await Promise.all(all.map(begin));
          expect([pool.taken, pool.waiting]).toEqual([0, 0]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('large work has its turn although small work keeps coming', () => {
    const line = new Line(new SlotPool({ slots: 4, bytes: 100 }));
    line.enter('small-0', work('a', 'default', { bytes: 30 }));
    line.enter('large', work('b', 'default', { bytes: 75 }));
    for (let run = 1; run < 100 && !line.granted.includes('large'); run += 1) {
      line.enter(`small-${run}`, work('a', 'default', { bytes: 30 }));
      line.end(`small-${run - 1}`);
      for (const name of [...line.slots.keys()].filter((each) => each !== `small-${run}`)) {
        line.end(name);
      }
      if (run > 50) {
        line.end(`small-${run}`);
      }
    }
    expect(line.granted).toContain('large');
  });

  test('work that stops while it waits for memory holds nothing', async () => {
    const line = new Line(new SlotPool({ slots: 2, bytes: 100 }));
    line.enter('other', work('a', 'default', { bytes: 70 }));
    line.enter('growing', work('b'));
    const stop = new AbortController();
    const growing = line.slots.get('growing')?.grow(50, stop.signal);
    stop.abort(new Error('shutting down'));
    await expect(growing).rejects.toThrow('shutting down');
    line.end('growing');
    line.end('other');
    expect([line.pool.taken, line.pool.waiting]).toEqual([0, 0]);
  });
});
