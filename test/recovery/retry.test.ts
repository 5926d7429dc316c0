import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { endOfPause, lockPauseMs, nextStep, type RetryFacts } from '../../src/recovery/retry.ts';
import { outcomeOf } from './fixtures/outcome.ts';

const now = new Date('2026-01-01T00:00:00Z');
const at = (ms: number): Date => new Date(now.getTime() + ms);

function outcome(reason: Outcome['succeeded']['reason'], retry: Outcome['retry']): Outcome {
  return outcomeOf({
    succeeded: { reason, message: 'why' },
    retry,
    error: retry === 'backoff' ? new TransientError('RedisTimeout', 'why') : undefined,
  });
}

const then = (facts: Partial<RetryFacts>) =>
  nextStep({
    outcome: outcome('Retrying', 'backoff'),
    failures: 1,
    backoffLimit: 3,
    deadline: at(300_000),
    now,
    random: 0,
    ...facts,
  });

describe('after a transient failure', () => {
  test.each([
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [3, 2_000, 4_000],
  ])('the pause doubles, with jitter (failure %d)', (failures, least, most) => {
    expect(then({ failures })).toMatchObject({ kind: 'attempt', at: at(least) });
    expect(then({ failures, random: 1 })).toMatchObject({ kind: 'attempt', at: at(most) });
  });

  test('a pause is never longer than half a minute', () => {
    expect(then({ failures: 40, backoffLimit: 100, random: 1 })).toMatchObject({
      kind: 'attempt',
      at: at(30_000),
    });
  });

  test('the limit of attempts ends it, with the last failure', () => {
    expect(then({ failures: 4 })).toMatchObject({
      kind: 'final',
      outcome: {
        retry: 'none',
        succeeded: { reason: 'BackoffLimitExceeded', message: expect.stringContaining('why') },
      },
    });
  });

  test('backoffLimit 0 means one attempt', () => {
    expect(then({ failures: 1, backoffLimit: 0 })).toMatchObject({ kind: 'final' });
  });

  test('without a limit it is tried until the deadline, which stays', () => {
    expect(then({ failures: 1_000, backoffLimit: undefined })).toMatchObject({
      kind: 'attempt',
      deadline: at(300_000),
    });
  });

  test('a pause that ends just before the deadline is the last one', () => {
    expect(then({ deadline: at(501) })).toMatchObject({ kind: 'attempt', at: at(500) });
  });

  test('the deadline ends it, with what it waited for', () => {
    expect(then({ deadline: at(500) })).toMatchObject({
      kind: 'final',
      outcome: { succeeded: { reason: 'DeadlineExceeded', message: expect.stringContaining('why') } },
    });
  });
});

test('a final outcome stays as it is', () => {
  const done = outcome('Recovered', 'none');
  expect(then({ outcome: done })).toEqual({ kind: 'final', outcome: done });
});

test('a plan that waits for approval waits for a person, not for the clock', () => {
  expect(then({ outcome: outcome('AwaitingApproval', 'wait'), failures: 99, deadline: at(-1) })).toEqual({
    kind: 'await',
  });
});

test('an attempt that was given up undecided is taken up again, without counting', () => {
  expect(then({ outcome: outcome('Running', 'wait'), failures: 99 })).toMatchObject({
    kind: 'attempt',
    at: at(2_000),
  });
});

describe('waiting for the lock of another recovery', () => {
  const locked = outcome('WaitingForLock', 'wait');

  test('counts as no failure, and the time of the run stands still', () => {
    expect(then({ outcome: locked, failures: 99, deadline: at(500) })).toEqual({
      kind: 'attempt',
      at: at(2_000),
      deadline: at(2_500),
      lockWaitDeadline: at(360_000),
    });
  });

  test('ends at a bound of its own, with what it waited for', () => {
    expect(then({ outcome: locked, lockWaitDeadline: at(1_000) })).toMatchObject({
      kind: 'attempt',
      at: at(1_000),
    });
    expect(then({ outcome: locked, lockWaitDeadline: at(0) })).toMatchObject({
      kind: 'final',
      outcome: {
        retry: 'none',
        succeeded: { reason: 'DeadlineExceeded', message: expect.stringContaining('360 s for the lock') },
      },
    });
  });
});

describe('how often the lock of another recovery is read', () => {
  test.each([
    [0, 2_000],
    [8_000, 2_000],
    [8_400, 2_100],
    [60_000, 15_000],
    [3_600_000, 15_000],
  ])('%i ms after the start: after %i ms', (sinceStartMs, pauseMs) => {
    expect(lockPauseMs(sinceStartMs)).toBe(pauseMs);
    const step = then({ outcome: outcome('WaitingForLock', 'wait'), sinceStartMs });
    expect(step).toMatchObject({ kind: 'attempt', at: at(Math.ceil(pauseMs / 1_000) * 1_000) });
  });

  test('a pause ends at a whole second, and all of it counts as paused', () => {
    expect(endOfPause(at(0), 2_000)).toEqual({ at: at(2_000), pausedMs: 2_000 });
    expect(endOfPause(at(250), 2_000)).toEqual({ at: at(3_000), pausedMs: 2_750 });
  });
});
