import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { targetConditions } from '../../src/api/target-conditions.ts';
import { unknownStatus } from '../../src/controllers/recoverytarget/status.ts';
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

  test('says so once, also when it was never checked, or checked by a clock that was ahead', () => {
    expect(statusAfter(500, statusAfter(121))).toBeUndefined();
    expect(findCondition(statusAfter(0, { observedGeneration: -1 })?.conditions, 'Ready')?.reason).toBe(
      'NotChecked',
    );
    const ahead = { ...seen, lastValidationTime: '2031-01-01T00:00:00Z' };
    expect(findCondition(statusAfter(0, ahead)?.conditions, 'Ready')?.reason).toBe('NotChecked');
  });
});
