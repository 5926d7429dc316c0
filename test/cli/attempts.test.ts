import { describe, expect, test } from 'vitest';
import { pauseText, runToEnd } from '../../src/cli/commands/attempts.ts';
import { TerminalError } from '../../src/errors.ts';
import type { Outcome } from '../../src/recovery/outcome.ts';

type Ended = Pick<Outcome, 'retry'> & { readonly reason: Outcome['succeeded']['reason'] };

/** Runs attempts that end as given (the last one again and again) on a clock that only pauses move. */
async function runAttempts(
  ends: readonly Ended[],
  options: { backoffLimit?: number; seconds?: number } = {},
) {
  const pauses: number[] = [];
  const caller = new AbortController();
  let time = Date.UTC(2026, 0, 1);
  let attempts = 0;
  const outcome = await runToEnd(
    async () => {
      const { retry, reason } = ends[Math.min(attempts, ends.length - 1)] ?? {
        retry: 'none',
        reason: 'Recovered',
      };
      attempts += 1;
      return { retry, succeeded: { reason, message: `attempt ${attempts}.` }, lockWaitMs: 0 } as Outcome;
    },
    {
      backoffLimit: options.backoffLimit ?? 3,
      deadline: new Date(time + (options.seconds ?? 300) * 1_000),
      clock: {
        now: () => new Date(time),
        monotonic: () => time,
        after: (ms, callback) => {
          pauses.push(ms);
          time += ms;
          queueMicrotask(callback);
          return () => {};
        },
      },
      signal: caller.signal,
      random: () => 1,
      onPause: (paused) => {
        if (paused.succeeded.reason === 'Suspended') {
          caller.abort(new TerminalError('Aborted', 'Interrupted.'));
        }
      },
    },
  );
  return { reason: outcome.succeeded.reason, message: outcome.succeeded.message, attempts, pauses };
}

const failed: Ended = { retry: 'backoff', reason: 'Retrying' };
const busy: Ended = { retry: 'wait', reason: 'WaitingForLock' };

describe('a command', () => {
  test('ends with the first final outcome', async () => {
    expect(await runAttempts([{ retry: 'none', reason: 'TrustVerificationFailed' }])).toMatchObject({
      reason: 'TrustVerificationFailed',
      attempts: 1,
      pauses: [],
    });
  });

  test('tries again after transient failures, with growing pauses', async () => {
    expect(await runAttempts([failed, failed, failed, { retry: 'none', reason: 'Recovered' }])).toMatchObject(
      {
        reason: 'Recovered',
        attempts: 4,
        pauses: [1_000, 2_000, 4_000],
      },
    );
  });

  test('gives up after the allowed tries and says what failed last', async () => {
    expect(await runAttempts([failed], { backoffLimit: 2 })).toMatchObject({
      reason: 'BackoffLimitExceeded',
      attempts: 3,
      message: expect.stringContaining('attempt 3.'),
    });
  });

  test('waits for the lock of another recovery without counting, for six minutes at most', async () => {
    expect(await runAttempts([busy], { backoffLimit: 0, seconds: 60 })).toMatchObject({
      reason: 'DeadlineExceeded',
      attempts: 181,
    });
  });

  test('does not wait for an approval, which no person can give here', async () => {
    expect(await runAttempts([{ retry: 'wait', reason: 'AwaitingApproval' }])).toMatchObject({
      reason: 'AwaitingApproval',
      attempts: 1,
    });
  });

  test('that is interrupted in a pause says what it waited for', async () => {
    expect(await runAttempts([{ retry: 'wait', reason: 'Suspended' }])).toMatchObject({
      reason: 'Cancelled',
      attempts: 1,
      message: 'Interrupted. What it waited for: attempt 1.',
    });
  });
});

test('a pause is announced with its cause', () => {
  const outcome = {
    retry: 'backoff',
    succeeded: { reason: 'Retrying', message: 'Redis is down.' },
  } as Outcome;
  expect(pauseText(outcome, 2_400)).toBe('Attempt failed: Redis is down. Next try in 2 seconds.');
});
