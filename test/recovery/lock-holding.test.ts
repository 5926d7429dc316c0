import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/async/clock.ts';
import { TerminalError, TransientError } from '../../src/errors.ts';
import { LockHolding } from '../../src/recovery/lock-holding.ts';

const lock = { key: 'lock', owner: 'me', ttlMs: 90_000 };

/** A clock that is wound by hand and records how long it was asked to sleep. */
function woundClock() {
  const asked: number[] = [];
  let wake: (() => void) | undefined;
  const clock: Clock = {
    now: () => new Date(0),
    monotonic: () => 0,
    after: (ms, callback) => {
      asked.push(ms);
      wake = callback;
      return () => {};
    },
  };
  const ring = async (): Promise<void> => {
    wake?.();
    for (let turn = 0; turn < 5; turn += 1) {
      await setImmediate();
    }
  };
  return { clock, asked, ring };
}

/** A store of which only renewal is used, with these answers in order. */
function renewing(...answers: readonly (boolean | Error)[]) {
  const calls: string[] = [];
  const renew = async ({ owner }: { readonly owner: string }): Promise<boolean> => {
    const answer = answers[calls.length] ?? true;
    calls.push(owner);
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  };
  return { calls, store: { renew } };
}

describe('a lock that is held', () => {
  test('is renewed at a third of its life, again and again, until the holding ends', async () => {
    const { clock, asked, ring } = woundClock();
    const { calls, store } = renewing();
    const holding = new LockHolding(lock, store, clock);
    await ring();
    await ring();
    await holding.stop();
    await ring();
    expect(calls).toEqual(['me', 'me']);
    expect(asked).toEqual([30_000, 30_000, 30_000]);
  });

  test('a failed renewal is tried again at the next third', async () => {
    const { clock, ring } = woundClock();
    const { calls, store } = renewing(new TransientError('RedisTimeout', 'x'));
    const holding = new LockHolding(lock, store, clock);
    await ring();
    await ring();
    await holding.stop();
    expect(calls).toHaveLength(2);
  });

  test.each([
    ['has another owner by now', false],
    ['may not be renewed', new TerminalError('RedisNoPermission', 'x')],
  ])('that %s is renewed no longer', async (_, answer) => {
    const { clock, ring } = woundClock();
    const { calls, store } = renewing(answer);
    const holding = new LockHolding(lock, store, clock);
    await ring();
    await ring();
    await holding.stop();
    expect(calls).toHaveLength(1);
  });
});
