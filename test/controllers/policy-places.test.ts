import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RunSlots, type Slot } from '../../src/controllers/bootstraprecovery/run-slots.ts';
import { Places } from '../../src/controllers/recoverypolicy/verify-slots.ts';

describe('places for looks', () => {
  const key = (name: string) => ({ namespace: 'n', name });

  test('are those of the runs: a look waits for a run and a run for a look, in order of arrival', async () => {
    const woken: string[] = [];
    const slots: RunSlots = new RunSlots(1, (next) => {
      if (!places.wake(next)) {
        woken.push(next.name);
      }
    });
    const places = new Places(slots, 2);
    const { signal } = new AbortController();
    const run = slots.acquire(key('run'), 'app') as Slot;
    const first = places.acquire(key('look:a'), signal);
    // Whoever comes in the same turn may come first.
    await setImmediate();
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
    const places = new Places(slots, 2);
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
    const places = new Places(slots, 2);
    const stop = new AbortController();
    const run = slots.acquire(key('run'), 'app') as Slot;
    const given = places.acquire(key('look:a'), stop.signal);
    run.release();
    stop.abort(new Error('shutting down'));
    await expect(given).rejects.toThrow('shutting down');
    expect(slots.acquire(key('next'), 'app')).toHaveProperty('release');
  });

  test('leave the rest to runs, also when every look hangs', async () => {
    const slots: RunSlots = new RunSlots(4, (next) => places.wake(next));
    const places = new Places(slots, 2);
    const { signal } = new AbortController();
    const hanging = await Promise.all(['look:a', 'look:b'].map((name) => places.acquire(key(name), signal)));
    const third = places.acquire(key('look:c'), signal);
    expect(slots.acquire(key('run-1'), 'app-1')).toHaveProperty('release');
    expect(slots.acquire(key('run-2'), 'app-2')).toHaveProperty('release');
    expect(slots.taken).toBe(4);
    hanging[0]?.release();
    (await third).release();
    expect(slots.taken).toBe(3);
  });
});
