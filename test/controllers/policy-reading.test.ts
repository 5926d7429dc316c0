import { describe, expect, test } from 'vitest';
import { readingFromOutcome } from '../../src/controllers/loss-detection/reading.ts';
import { TransientError } from '../../src/errors.ts';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { outcomeOf } from '../recovery/fixtures/outcome.ts';

describe('what a look says', () => {
  test.each<[string, Partial<Outcome>, object]>([
    ['metadata and Redis agree', { state: 'Cosmetic' }, { kind: 'consistent', state: 'Cosmetic' }],
    [
      'something is missing',
      { succeeded: { reason: 'DriftDetected', message: '' }, state: 'StaleMarker' },
      { kind: 'lost', state: 'StaleMarker' },
    ],
    [
      'a bootstrap is under way',
      { succeeded: { reason: 'BootstrapInProgress', message: '' }, state: 'InProgress' },
      { kind: 'busy', state: 'InProgress' },
    ],
    [
      'another recovery holds the lock',
      { succeeded: { reason: 'Running', message: '' }, state: 'Locked', retry: 'wait' },
      { kind: 'busy', state: 'Locked' },
    ],
    [
      'Redis is silent',
      {
        succeeded: { reason: 'Retrying', message: 'away' },
        state: 'Unreachable',
        retry: 'backoff',
        error: new TransientError('RedisTimeout', 'away'),
      },
      { kind: 'unverifiable', reason: 'RedisUnreachable', message: 'away', targetWide: true },
    ],
    [
      'storage throttles',
      {
        succeeded: { reason: 'Retrying', message: 'slow down' },
        retry: 'backoff',
        error: new TransientError('Throttled', 'slow down'),
      },
      { kind: 'unverifiable', reason: 'SourceUnavailable', message: 'slow down', targetWide: false },
    ],
    [
      'the metadata is not trusted',
      { succeeded: { reason: 'RollbackDetected', message: 'older' } },
      { kind: 'unverifiable', reason: 'RollbackDetected', message: 'older', targetWide: false },
    ],
    [
      'a key is of another type, which must not simply be replaced',
      { succeeded: { reason: 'CorruptType', message: 'a list' }, state: 'CorruptType' },
      { kind: 'unverifiable', reason: 'CorruptType', message: 'a list', targetWide: false },
    ],
  ])('%s', (_, given, reading) => {
    expect(readingFromOutcome(outcomeOf(given))).toMatchObject(reading);
  });
});
