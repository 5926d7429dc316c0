import { describe, expect, test } from 'vitest';
import { RunSlots, type Slot } from '../../src/controllers/bootstraprecovery/slots.ts';
import { Places } from '../../src/controllers/recoverypolicy/places.ts';

describe('places for looks', () => {
  const key = (name: string) => ({ namespace: 'n', name });

  test('are those of the runs: a look waits for a run and a run for a look, in order of arrival', async () => {
    const woken: string[] = [];
    const slots: RunSlots = new RunSlots(1, (next) => {
      if (!places.wake(next)) woken.push(next.name);
    });
    const places = new Places(slots);
    const { signal } = new AbortController();
    const run = slots.acquire(key('run'), 'app') as Slot;
    const first = places.acquire(key('look:a'), signal);
    slots.acquire(key('waiting-run'), 'other');
    const second = places.acquire(key('look:b'), signal);
    run.release();
    (await first).release();
    expect(woken).toEqual(['waiting-run']);
    (slots.acquire(key('waiting-run'), 'other') as Slot).release();
    (await second).release();
    expect(slots.taken).toBe(0);
  });

  test('that is no longer wanted is given to the next', async () => {
    const slots: RunSlots = new RunSlots(1, (next) => places.wake(next));
    const places = new Places(slots);
    const stop = new AbortController();
    const run = slots.acquire(key('run'), 'app') as Slot;
    const given = places.acquire(key('look:a'), stop.signal);
    const next = places.acquire(key('look:b'), new AbortController().signal);
    stop.abort(new Error('shutting down'));
    await expect(given).rejects.toThrow('shutting down');
    run.release();
    (await next).release();
    expect(slots.taken).toBe(0);
  });

  test('that was just kept for one who stops at that moment is not lost', async () => {
    const slots: RunSlots = new RunSlots(1, (next) => places.wake(next));
    const places = new Places(slots);
    const stop = new AbortController();
    const run = slots.acquire(key('run'), 'app') as Slot;
    const given = places.acquire(key('look:a'), stop.signal);
    run.release();
    stop.abort(new Error('shutting down'));
    await expect(given).rejects.toThrow('shutting down');
    expect(slots.acquire(key('next'), 'app')).toHaveProperty('release');
  });
});
