import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoff, maxBackoffMs, retry } from '../../src/async/retry.ts';
import { TerminalError, TransientError } from '../../src/errors.ts';

const policy = { maxAttempts: 4, backoffMs: 0, random: () => 0.5 };
const noRetryAfter = () => 0;

describe('a wait between tries', () => {
  test('is random between zero and an exponential bound, at least what the server asks for, and never too long', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        fc.nat(100_000),
        (random, attempt, retryAfter) => {
          const wait = backoff({ maxAttempts: 5, backoffMs: 200, random: () => random }, attempt, retryAfter);
          expect(wait).toBeLessThanOrEqual(maxBackoffMs);
          expect(wait).toBeGreaterThanOrEqual(Math.min(retryAfter, maxBackoffMs));
          if (retryAfter === 0) {
            expect(wait).toBeLessThanOrEqual(200 * 2 ** (attempt - 1));
          }
        },
      ),
    );
  });
});

describe('a call', () => {
  test('is repeated while its failures are transient', async () => {
    const tries: number[] = [];
    const result = await retry(
      policy,
      async (number) => {
        tries.push(number);
        if (number < 3) {
          throw new TransientError('Throttled', 'later');
        }
        return 'done';
      },
      noRetryAfter,
    );
    expect(result).toBe('done');
    expect(tries).toEqual([1, 2, 3]);
  });

  test.each([
    ['a terminal failure', new TerminalError('AccessDenied', 'no')],
    ['a programmer error', new TypeError('undefined is not a function')],
  ])('is not repeated after %s', async (_what, error) => {
    let tries = 0;
    const attempt = () => {
      tries += 1;
      return Promise.reject(error);
    };
    const call = retry(policy, attempt, noRetryAfter);
    await expect(call).rejects.toBe(error);
    expect(tries).toBe(1);
  });

  test('fails with the last failure after the allowed tries', async () => {
    let tries = 0;
    const attempt = (number: number) => {
      tries += 1;
      return Promise.reject(new TransientError('Throttled', `try ${number}`));
    };
    const call = retry(policy, attempt, noRetryAfter);
    await expect(call).rejects.toThrow('try 4');
    expect(tries).toBe(4);
  });

  test('that waits for its next try ends with the reason of the signal', async () => {
    const caller = new AbortController();
    const reason = new Error('cancelled');
    const call = retry(
      policy,
      () => Promise.reject(new TransientError('Throttled', 'later')),
      () => {
        queueMicrotask(() => caller.abort(reason));
        return 20_000;
      },
      caller.signal,
    );
    await expect(call).rejects.toBe(reason);
  });
});
