import { expect, test } from 'vitest';
import {
  decideRecovery,
  type RecoveryFacts,
} from '../../src/controllers/bootstrapstate/recoveries/decide.ts';
import type { RecoveryRecord } from '../../src/controllers/bootstrapstate/recoveries/records.ts';

const now = new Date('2026-03-01T12:00:00Z');
const before = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

function recovered(seconds: number, state: RecoveryRecord['state']): RecoveryRecord {
  return { name: `run-${seconds}`, time: before(seconds).toISOString(), policy: 'guard', state };
}

/** A loss that is to be repaired. */
const due: RecoveryFacts = {
  reading: { kind: 'lost', state: 'FullLoss' },
  recoveries: [],
  isAllowed: true,
  rules: { stabilizationSeconds: 10, maxRecoveriesPerHour: 2 },
  lostSince: before(10),
  now,
};

test('a loss that has lasted as long as it must is repaired', () => {
  expect(decideRecovery(due)).toEqual({ isDue: true, hold: undefined, lastedMs: 10_000, stableMs: 10_000 });
});

test.each<[string, Partial<RecoveryFacts>]>([
  ['the loss has not lasted long enough', { lostSince: before(9) }],
  ['policy or target allow none', { isAllowed: false }],
  ['a recovery was ordered', { recoveries: [recovered(5, 'Ordered')] }],
  ['a recovery is under way', { recoveries: [recovered(5, 'UnderWay')] }],
  [
    'the app was repaired as often as allowed',
    { recoveries: [recovered(60, 'Succeeded'), recovered(90, 'Deleted')] },
  ],
  ['the last recovery wrote nothing', { recoveries: [recovered(30, 'Failed')] }],
  ['the app is whole', { reading: { kind: 'consistent', state: 'Healthy' } }],
  ['the server is at work', { reading: { kind: 'busy', state: 'InProgress' } }],
  [
    'Redis is silent',
    { reading: { kind: 'unverifiable', reason: 'RedisUnreachable', message: 'refused', targetWide: true } },
  ],
])('no recovery when %s', (_, facts) => {
  expect(decideRecovery({ ...due, ...facts }).isDue).toBe(false);
});

test('a recovery under way waits for no limit', () => {
  const recoveries = [recovered(60, 'Succeeded'), recovered(90, 'Succeeded'), recovered(5, 'UnderWay')];
  expect(decideRecovery({ ...due, recoveries }).hold).toBeUndefined();
});

test('the limit holds until the oldest recovery that counts is an hour old', () => {
  const recoveries = [recovered(3_000, 'Succeeded'), recovered(90, 'Succeeded')];
  expect(decideRecovery({ ...due, recoveries }).hold).toEqual({ kind: 'breaker', until: before(-600) });
});
