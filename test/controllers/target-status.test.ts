import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { rfc3339 } from '../../src/api/stored-time.ts';
import { targetConditions } from '../../src/api/target-conditions.ts';
import {
  isTargetStatusWorthWriting,
  mayBeBelieved,
  unknownStatus,
} from '../../src/controllers/recoverytarget/status.ts';
import { kstatus } from '../api/kstatus.ts';
import { targetManifest } from './support/objects.ts';

const seenAt = new Date('2030-01-01T00:00:00Z');
const seen = {
  observedGeneration: 1,
  lastValidationTime: '2030-01-01T00:00:00Z',
  appCount: 3,
  conditions: targetConditions(
    {
      redisReachable: { reason: 'Reachable', message: '' },
      storageReachable: { reason: 'Reachable', message: '' },
      trustRootLoaded: { reason: 'Pinned', message: '' },
      lossDetection: { reason: 'Immediate', message: '' },
    },
    [],
    1,
    seenAt,
  ),
} as const;

const statusAfter = (seconds: number, status: Parameters<typeof unknownStatus>[0]['status'] = seen) =>
  unknownStatus(
    { ...targetManifest({ validationIntervalSeconds: 60 }), status },
    'Waits for its turn.',
    seconds * 1000,
    new Date(seenAt.getTime() + seconds * 1000),
  );

describe('a target that waits for its turn to be checked', () => {
  test('says for two intervals what was seen last, and then that it is not known any more', () => {
    expect(statusAfter(119)).toBeUndefined();
    const status = statusAfter(121);
    for (const type of ['RedisReachable', 'StorageReachable', 'TrustRootLoaded', 'Ready']) {
      expect(findCondition(status?.conditions, type)).toMatchObject({
        status: 'Unknown',
        reason: 'NotChecked',
        message: 'Waits for its turn.',
      });
    }
    expect(findCondition(status?.conditions, 'LossDetection')?.reason).toBe('Immediate');
    expect(status).toMatchObject({ lastValidationTime: seen.lastValidationTime, appCount: 3 });
    expect(kstatus({ metadata: { generation: 1 }, status: status ?? seen })).toBe('InProgress');
  });

  test('says so once, also when it was never checked', () => {
    expect(statusAfter(500, statusAfter(121))).toBeUndefined();
    const never = statusAfter(999_999, { observedGeneration: -1 });
    expect(findCondition(never?.conditions, 'Ready')?.reason).toBe('NotChecked');
  });

  test.each([
    [true, 'within six hours and two intervals of what an earlier process wrote', 21_719, seen],
    [false, 'after that', 21_720, seen],
    [false, 'when it was written by a clock that was ahead', -3_600, seen],
    [false, 'when nothing was written', 0, { observedGeneration: -1 }],
  ])('may be believed (%s) %s', (expected, _, seconds, status) => {
    const target = { ...targetManifest({ validationIntervalSeconds: 60 }), status };
    expect(mayBeBelieved(target, new Date(seenAt.getTime() + seconds * 1000))).toBe(expected);
  });
});

describe('what is found of a target', () => {
  const at = (seconds: number) => new Date(seenAt.getTime() + seconds * 1000);
  const now = (seconds: number, change = {}) =>
    isTargetStatusWorthWriting(
      seen,
      { ...seen, lastValidationTime: rfc3339(at(seconds)), ...change },
      at(seconds),
    );

  test('is written when it is new, and every six hours when it is not', () => {
    expect([now(0), now(300), now(21_599), now(21_600)]).toEqual([false, false, false, true]);
    expect(now(300, { appCount: 4 })).toBe(true);
    expect(isTargetStatusWorthWriting({ observedGeneration: -1 }, seen, seenAt)).toBe(true);
    // Written by a clock that was ahead: put right at once.
    expect(now(-3_600)).toBe(true);
  });
});
