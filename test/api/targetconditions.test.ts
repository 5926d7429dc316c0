import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import { type TargetVerdicts, targetConditions } from '../../src/api/target-conditions.ts';
import { kstatus } from './kstatus.ts';

const healthy: TargetVerdicts = {
  redisReachable: { reason: 'Reachable', message: 'Redis 7.0.15, master' },
  storageReachable: { reason: 'Reachable', message: 's3://bucket' },
  trustRootLoaded: { reason: 'Pinned', message: 'sha256' },
};

const ready = (conditions: readonly Condition[]) => conditions.find(({ type }) => type === 'Ready');

describe('conditions of a RecoveryTarget', () => {
  test('Ready when Redis, storage and the trusted root are usable', () => {
    expect(ready(targetConditions(healthy, [], 1, new Date(0)))).toMatchObject({
      status: 'True',
      reason: 'Validated',
    });
  });

  test.each([
    ['redisReachable', { reason: 'RedisAccessDenied', message: 'wrong password' }],
    ['storageReachable', { reason: 'SourceNotFound', message: 'no such bucket' }],
    ['trustRootLoaded', { reason: 'ReferenceNotFound', message: 'no such ConfigMap' }],
  ] as const)('Ready repeats why %s does not hold', (what, verdict) => {
    const conditions = targetConditions({ ...healthy, [what]: verdict }, [], 1, new Date(0));
    expect(ready(conditions)).toMatchObject({ status: 'False', ...verdict });
  });

  test('a suspended target keeps what was seen last and says that it is not checked', () => {
    const seen = targetConditions(healthy, [], 1, new Date(0));
    const suspended = targetConditions('suspended', seen, 2, new Date(1000));
    expect(suspended.map(({ type, status }) => [type, status])).toEqual([
      ['RedisReachable', 'True'],
      ['StorageReachable', 'True'],
      ['TrustRootLoaded', 'True'],
      ['Ready', 'True'],
    ]);
    expect(ready(suspended)).toMatchObject({
      reason: 'Suspended',
      // It was True before, too.
      lastTransitionTime: '1970-01-01T00:00:00Z',
    });
  });
});

test('what only a person can mend is Failed to kstatus; what may pass is waited for', () => {
  const of = (redisReachable: TargetVerdicts['redisReachable']) =>
    kstatus({
      metadata: { generation: 1 },
      status: {
        observedGeneration: 1,
        conditions: targetConditions(
          {
            redisReachable,
            storageReachable: { reason: 'Reachable', message: '' },
            trustRootLoaded: { reason: 'Pinned', message: '' },
          },
          [],
          1,
          new Date(0),
        ),
      },
    });
  expect(of({ reason: 'RedisAccessDenied', message: '' })).toBe('Failed');
  expect(of({ reason: 'InvalidReference', message: '' })).toBe('Failed');
  expect(of({ reason: 'RedisUnreachable', message: '' })).toBe('InProgress');
  expect(of({ reason: 'Forbidden', message: '' })).toBe('InProgress');
  expect(of({ reason: 'ReferenceNotFound', message: '' })).toBe('InProgress');
  expect(of({ reason: 'Reachable', message: '' })).toBe('Current');
});
