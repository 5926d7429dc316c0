import { describe, expect, test } from 'vitest';
import { succeededReasons } from '../../src/api/reasons.ts';
import { type ErrorCode, TerminalError, TransientError } from '../../src/errors.ts';
import {
  endingOfAbort,
  endingOfError,
  finalEnding,
  isRedisError,
  isSuccess,
  lockedEnding,
  lockWaitExpired,
} from '../../src/recovery/ending.ts';

const reasonOf = (code: ErrorCode) => endingOfError(new TerminalError(code, 'because')).succeeded.reason;

describe('how a run ends by an error', () => {
  test.each(['Throttled', 'StorageUnreachable', 'RedisUnreachable', 'RedisTimeout', 'RedisLoading'] as const)(
    '%s is tried again; after the last attempt the reason says that, and not that something is missing',
    (code) => {
      expect(endingOfError(new TransientError(code, 'because'))).toMatchObject({
        succeeded: { reason: 'Retrying', message: 'because' },
        retry: 'backoff',
      });
      expect(reasonOf(code)).toBe('BackoffLimitExceeded');
    },
  );

  test('what does not speak as Redis does is no refused write', () => {
    expect(reasonOf('RedisUnexpectedReply')).toBe('RedisUnsupported');
  });

  test('a terminal error ends a run for good, as a failure or a cancellation, never as a success', () => {
    for (const code of ['AccessDenied', 'NotFound', 'MetadataRefused', 'RedisTLS', 'Aborted'] as const) {
      expect(succeededReasons[reasonOf(code)].status).toBe('False');
    }
  });

  test('what is not of the taxonomy is a bug and is thrown on', () => {
    expect(() => endingOfError(new TypeError('a defect'))).toThrow(TypeError);
  });
});

describe('how a run ends that was aborted', () => {
  test('undecided, when its process goes away and can start it again', () => {
    const error = new TransientError('Aborted', 'The process ends.');
    expect(endingOfAbort(error)).toEqual({
      succeeded: { reason: 'Running', message: 'The process ends.' },
      retry: 'wait',
      error,
    });
  });

  test.each([undefined, new Error('why'), new TerminalError('Aborted', 'why')])(
    'for good, when a person cancelled it: %s',
    (reason) => {
      const ending = endingOfAbort(reason);
      expect(ending).toMatchObject({ succeeded: { reason: 'Cancelled' }, retry: 'none' });
      expect(ending.error).toBeInstanceOf(TerminalError);
      expect(ending.error?.cause).toBe(reason);
      expect(isSuccess(ending)).toBe(false);
    },
  );
});

describe('how a run ends that waits for the lock of another recovery', () => {
  test('it may follow later', () => {
    expect(lockedEnding('Held.')).toEqual({
      succeeded: { reason: 'WaitingForLock', message: 'Held.' },
      retry: 'wait',
    });
  });

  test('after its time the run has failed, and says how many seconds it waited', () => {
    expect(lockWaitExpired('Held.', 360_400)).toMatchObject({
      succeeded: {
        reason: 'DeadlineExceeded',
        message: expect.stringContaining('Held. The run waited 360 s'),
      },
      retry: 'none',
    });
  });
});

test('a success is what its reason says with status True, and nothing else', () => {
  for (const reason of Object.keys(succeededReasons) as (keyof typeof succeededReasons)[]) {
    expect([reason, isSuccess(finalEnding(reason, ''))]).toEqual([
      reason,
      ['Recovered', 'AlreadyConsistent', 'Verified'].includes(reason),
    ]);
  }
});

test('an error is of Redis when it came from there', () => {
  expect(isRedisError(new TransientError('RedisTimeout', 'x'))).toBe(true);
  expect(isRedisError(new TransientError('Throttled', 'x'))).toBe(false);
  expect(isRedisError(undefined)).toBe(false);
});
