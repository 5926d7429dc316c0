import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { nextStep, type RetryFacts } from '../../src/recovery/retry.ts';
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
