import { describe, expect, test } from 'vitest';
import { succeededReasons } from '../../src/api/reasons.ts';
import { type ErrorCode, TerminalError, TransientError } from '../../src/errors.ts';
import { endingOfError } from '../../src/recovery/ending.ts';

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
