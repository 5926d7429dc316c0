import { expect, test } from 'vitest';
import { sleep } from '../../src/async/sleep.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import { RunDeadline } from '../../src/recovery/run-deadline.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { interrupted } from './fixtures/interrupted.ts';
import { type Site, startSite } from './fixtures/site.ts';

const ownTimeMs = 2_000;

/** A clock that lets every pause pass that is shorter than `longestMs`. */
class PassingClock extends ManualClock {
  readonly #longestMs: number;

  constructor(longestMs: number) {
    super();
    this.#longestMs = longestMs;
  }

  override after(delayMs: number, callback: () => void): () => void {
    const cancel = super.after(delayMs, callback);
    if (delayMs < this.#longestMs) {
      void this.advance(delayMs);
    }
    return cancel;
  }
}

function deadlineIn(ms: number, lockWaitMs: number) {
  const clock = new ManualClock();
  const deadline = new Date(clock.now().getTime() + ms);
  // Only these parts of a request are read.
  const request = { clock, deadline, lockWaitMs, signal: new AbortController().signal };
  return { clock, limit: new RunDeadline(request) };
}

test("waiting for another recovery's lock does not count against the time of the run", async () => {
  const { clock, limit } = deadlineIn(10_000, 330_000);
  await clock.advance(4_000);
  const waited = limit.waitForLock(() => sleep(clock, 300_000, limit.signal));
  await clock.advance(300_000);
  expect(await waited).toBe(true);
  expect(limit.signal.aborted).toBe(false);
  expect([limit.leftMs, limit.lockWaitMs]).toEqual([6_000, 300_000]);
  await clock.advance(5_999);
  expect(limit.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(limit.signal.reason).toMatchObject({ code: 'DeadlineExceeded' });
});

test('waiting has a bound of its own', async () => {
  const { clock, limit } = deadlineIn(10_000, 500);
  const waited = limit.waitForLock(() => sleep(clock, 500, limit.signal));
  await clock.advance(500);
  expect(await waited).toBe(true);
  let began = false;
  expect(
    await limit.waitForLock(async () => {
      began = true;
    }),
  ).toBe(false);
  expect(began).toBe(false);
});

test('with the lock of a crashed recovery, a run whose own time is shorter succeeds at the first try', async () => {
  await using site: Site = await startSite();
  await site.client.flushall();
  await site.client.set(site.world.key('RECOVERY_LOCK'), 'crashed');
  // Time passes only while it waits for the lock, so a slow machine takes none of the run's own.
  const clock = new PassingClock(ownTimeMs);
  const deadline = new Date(clock.now().getTime() + ownTimeMs);
  const store = interrupted(site.store, 'observe', async () => {
    if (clock.monotonic() > ownTimeMs) {
      await site.client.del(site.world.key('RECOVERY_LOCK'));
    }
  });
  const outcome = await runAttempt(site.request({ clock, deadline, store }));
  expect(outcome.succeeded.reason).toBe('Recovered');
  expect(outcome.lockWaitMs).toBeGreaterThan(ownTimeMs);
});
