import { describe, expect, test } from 'vitest';
import { policyEventActions, transitionEvents } from '../../src/api/events.ts';
import { type PolicyVerdicts, policyConditions } from '../../src/api/policy-conditions.ts';
import { kstatus } from './kstatus.ts';

const well: PolicyVerdicts = {
  ready: { reason: 'Verified', message: 'one app' },
  lossDetected: { reason: 'NothingLost', message: 'nothing' },
  circuitOpen: { reason: 'WithinLimit', message: 'none' },
};
const lost: PolicyVerdicts = { ...well, lossDetected: { reason: 'SettingsLost', message: 'alice/tuf' } };

const eventsOf = (previous: PolicyVerdicts | undefined, next: PolicyVerdicts) =>
  transitionEvents(
    previous === undefined ? [] : policyConditions(previous, [], 1, new Date(0)),
    policyConditions(next, [], 1, new Date(0)),
    policyEventActions,
  ).map(({ type, reason, action }) => [type, reason, action]);

describe('conditions of a RecoveryPolicy', () => {
  test('a loss is no failure of the policy: it is Ready, and says LossDetected', () => {
    const conditions = policyConditions(lost, [], 1, new Date(0));
    expect(conditions.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Ready', 'True', 'Verified'],
      ['LossDetected', 'True', 'SettingsLost'],
      ['CircuitOpen', 'False', 'WithinLimit'],
    ]);
    expect(kstatus({ metadata: { generation: 1 }, status: { observedGeneration: 1, conditions } })).toBe(
      'Current',
    );
  });

  test.each([
    ['RollbackDetected', 'False'],
    ['SourceUnavailable', 'False'],
    ['NoApps', 'False'],
    ['Suspended', 'True'],
  ] as const)('Ready is not True with reason %s', (reason, status) => {
    const [ready] = policyConditions({ ...well, ready: { reason, message: 'why' } }, [], 1, new Date(0));
    expect(ready).toMatchObject({ type: 'Ready', status, reason });
  });

  test('a loss warns, its end is reported, and a policy that begins well says only that', () => {
    expect(eventsOf(undefined, well)).toEqual([['Normal', 'Verified', 'Verify']]);
    expect(eventsOf(well, lost)).toEqual([['Warning', 'SettingsLost', 'Verify']]);
    expect(eventsOf(lost, well)).toEqual([['Normal', 'NothingLost', 'Verify']]);
    expect(eventsOf(lost, lost)).toEqual([]);
    expect(
      eventsOf(lost, { ...lost, circuitOpen: { reason: 'TooManyRecoveries', message: 'again' } }),
    ).toEqual([['Warning', 'TooManyRecoveries', 'Recover']]);
  });
});
