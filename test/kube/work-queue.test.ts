import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WorkQueue } from '../../src/kube/workqueue/work-queue.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { observed } from './fixtures/observed.ts';

const KEYS = ['a', 'b', 'c'] as const;

function startQueue() {
  const clock = new ManualClock();
  const seen = observed();
  return { clock, seen, queue: new WorkQueue({ name: 'test', clock, metrics: seen.metrics }) };
}

/** What workers and watches may do to a queue, in any order. */
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('add' as const), key: fc.constantFrom(...KEYS) }),
    fc.record({
      do: fc.constant('addAfter' as const),
      key: fc.constantFrom(...KEYS),
      ms: fc.integer({ min: 0, max: 50 }),
    }),
    fc.record({ do: fc.constant('addRateLimited' as const), key: fc.constantFrom(...KEYS) }),
    fc.record({ do: fc.constant('get' as const) }),
    fc.record({ do: fc.constant('done' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  ),
  { maxLength: 120 },
);

test('whatever happens, a key never runs twice at once and nothing asked for is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { queue, clock } = startQueue();
      const running: string[] = [];
      /**
       * Per key: how often it was asked for since its last run began. Delayed requests count when they fall
       * due.
       */
      const owed = new Map<string, number>();
      let gets = 0;
      const take = (key: string | undefined): void => {
        if (key !== undefined) {
          expect(running).not.toContain(key);
          running.push(key);
          owed.delete(key);
        }
      };
      const ask = (key: string): void => void owed.set(key, (owed.get(key) ?? 0) + 1);
      for (const step of script) {
        if (step.do === 'add') {
          ask(step.key);
          queue.add(step.key);
        } else if (step.do === 'addAfter') {
          ask(step.key);
          queue.addAfter(step.key, step.ms);
        } else if (step.do === 'addRateLimited') {
          ask(step.key);
          queue.addRateLimited(step.key);
        } else if (step.do === 'get') {
          gets += 1;
          void queue.get().then(take);
          await turn();
        } else if (step.do === 'done') {
          const key = running.splice(step.pick % Math.max(1, running.length), 1)[0];
          if (key !== undefined) {
            queue.done(key);
            await turn();
          }
        } else {
          await clock.advance(step.ms);
        }
      }
      // Every worker finishes, and time enough passes for every delay: then all that was owed must have been
      // run.
      await clock.advance(10_000_000);
      for (let round = 0; round < script.length + gets + 1; round += 1) {
        for (const key of running.splice(0)) {
          queue.done(key);
        }
        void queue.get().then(take);
        await turn();
      }
      expect([...owed.keys()]).toEqual([]);
      queue.shutDown();
    }),
    { numRuns: 300 },
  );
});

test('any number of adds during a run make exactly one more run', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 50 }), async (adds) => {
      const { queue } = startQueue();
      queue.add('a');
      expect(await queue.get()).toBe('a');
      for (let count = 0; count < adds; count += 1) {
        queue.add('a');
      }
      expect(queue.length).toBe(0);
      queue.done('a');
      expect(queue.length).toBe(1);
      expect(await queue.get()).toBe('a');
      queue.done('a');
      expect(queue.length).toBe(0);
    }),
  );
});

test('at shutdown every accepted key is still handed out, once, also one that was asked for during its run', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1 }), async (keys) => {
      const { queue } = startQueue();
      for (const key of keys) {
        queue.add(key);
      }
      const first = await queue.get();
      queue.add(first ?? '');
      let drained = false;
      const drain = queue.shutDownWithDrain().then(() => {
        drained = true;
      });
      queue.add('too late');
      const handedOut: (string | undefined)[] = [];
      queue.done(first ?? '');
      for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
        handedOut.push(key);
        expect(drained).toBe(false);
        queue.done(key);
      }
      await drain;
      expect([...handedOut].sort()).toEqual([...keys].sort());
    }),
  );
});

test('a worker that waits learns of the shutdown', async () => {
  const { queue } = startQueue();
  const waiting = queue.get();
  queue.shutDown();
  expect(await waiting).toBeUndefined();
  expect(await queue.get()).toBeUndefined();
});

test('of several delays of one key the soonest counts, and it runs once', async () => {
  const { queue, clock } = startQueue();
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 100);
  queue.addAfter('a', 5_000);
  await clock.advance(99);
  expect(queue.length).toBe(0);
  await clock.advance(1);
  expect(queue.length).toBe(1);
  await clock.advance(10_000);
  expect(queue.length).toBe(1);
  expect(clock.pending).toBe(0);
});

test('keys come out in the order in which they went in', async () => {
  const { queue } = startQueue();
  for (const key of ['c', 'a', 'b', 'a']) {
    queue.add(key);
  }
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['c', 'a', 'b']);
});

test('lines take turns, so a thousand keys of one delay a key of another by one turn', async () => {
  const { clock, seen } = startQueue();
  const queue = new WorkQueue({
    name: 'lines',
    clock,
    metrics: seen.metrics,
    lineOf: (key) => key.charAt(0),
  });
  for (let key = 0; key < 1_000; key += 1) {
    queue.add(`a${key}`);
  }
  queue.add('b0');
  queue.add('b1');
  queue.add('c0');
  const taken = [];
  for (let turns = 0; turns < 6; turns += 1) {
    taken.push(await queue.get());
  }
  expect(taken).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2']);
});

test('a line at its limit waits; the others continue, and so does it once a key is done', async () => {
  const { clock, seen } = startQueue();
  const lineOf = (key: string) => key.charAt(0);
  const queue = new WorkQueue({ name: 'lines', clock, metrics: seen.metrics, lineOf, maxPerLine: 2 });
  for (const key of ['a0', 'a1', 'a2', 'a3']) {
    queue.add(key);
  }
  expect([await queue.get(), await queue.get()]).toEqual(['a0', 'a1']);
  const waiting = [queue.get(), queue.get()];
  queue.add('b0');
  expect(await waiting[0]).toBe('b0');
  // It is asked for again while it is worked on: its turn comes after those that waited.
  queue.add('a0');
  queue.done('a0');
  expect(await waiting[1]).toBe('a2');
  expect(queue.length).toBe(2);
  const drained = queue.shutDownWithDrain();
  expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['a3', 'a0', undefined]);
  for (const key of ['a1', 'a2', 'a3', 'a0', 'b0']) {
    queue.done(key);
  }
  await drained;
});

test('retries follow the backoff exactly, and end with forget', async () => {
  const { queue, clock } = startQueue();
  for (const delay of [5, 10, 20, 40, 80]) {
    queue.addRateLimited('a');
    await clock.advance(delay - 1);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
  }
  expect(queue.numRequeues('a')).toBe(5);
  queue.forget('a');
  expect(queue.numRequeues('a')).toBe(0);
});

test("the queue's metrics say what client-go's would", async () => {
  const { queue, clock, seen } = startQueue();
  const labels = { name: 'test', controller: 'test' };
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(await seen.value('workqueue_depth', labels)).toBe(2);
  expect(await seen.value('workqueue_adds_total', labels)).toBe(2);
  await queue.get();
  clock.jump(3_000);
  await queue.get();
  clock.jump(2_000);
  expect(await seen.value('workqueue_depth', labels)).toBe(0);
  expect(await seen.value('workqueue_unfinished_work_seconds', labels)).toBe(7);
  expect(await seen.value('workqueue_longest_running_processor_seconds', labels)).toBe(5);
  queue.done('a');
  queue.addRateLimited('a');
  expect(await seen.value('workqueue_retries_total', labels)).toBe(1);
  expect(await seen.registry.metrics()).toContain(
    'workqueue_work_duration_seconds_sum{name="test",controller="test"} 5',
  );
});
