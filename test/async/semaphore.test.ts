import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Semaphore } from '../../src/async/semaphore.ts';

test('never hands out more than its capacity, and serves every waiter', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 }),
      async (capacity, weights) => {
        const semaphore = new Semaphore(capacity);
        let inUse = 0;
        let served = 0;
        await Promise.all(
          weights.map(async (weight) => {
            const release = await semaphore.acquire(weight);
            inUse += Math.min(weight, capacity);
            expect(inUse).toBeLessThanOrEqual(capacity);
            await Promise.resolve();
            inUse -= Math.min(weight, capacity);
            served += 1;
            release();
          }),
        );
        expect(served).toBe(weights.length);
      },
    ),
  );
});

test('serves in order: small requests do not starve a large one', async () => {
  const semaphore = new Semaphore(10);
  const order: string[] = [];
  const first = await semaphore.acquire(5);
  const use = async (name: string, weight: number) => {
    const release = await semaphore.acquire(weight);
    order.push(name);
    release();
  };
  const large = use('large', 10);
  const small = use('small', 1);
  first();
  await Promise.all([large, small]);
  expect(order).toEqual(['large', 'small']);
});

test('a waiter that gives up rejects with its reason and lets the ones behind it through', async () => {
  const semaphore = new Semaphore(10);
  const first = await semaphore.acquire(5);
  const caller = new AbortController();
  const large = semaphore.acquire(10, caller.signal);
  const small = semaphore.acquire(1);
  const reason = new Error('no longer wanted');
  caller.abort(reason);
  await expect(large).rejects.toBe(reason);
  (await small)();
  first();
  await expect(semaphore.acquire(1, caller.signal)).rejects.toBe(reason);
  (await semaphore.acquire(10))();
});

test('giving back twice gives back once', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire(1);
  release();
  release();
  await semaphore.acquire(1);
  const caller = new AbortController();
  const third = semaphore.acquire(1, caller.signal);
  caller.abort(new Error('still taken'));
  await expect(third).rejects.toThrow('still taken');
});
