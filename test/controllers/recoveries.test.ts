import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecoveryPolicy } from '../../src/api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import { rfc3339 } from '../../src/api/stored-time.ts';
import { mayCreateRun } from '../../src/controllers/bootstrapstate/guard.ts';
import {
  type RecoveryRecord,
  recentRecoveries,
  recoveryHold,
  withNewRecovery,
  withRunStates,
} from '../../src/controllers/bootstrapstate/recoveries/records.ts';

const now = new Date('2026-01-01T12:00:00Z');
const app = { spec: { adminName: 'alice', appName: 'tuf', targetRef: { name: 'default' } } };
const minutesAgo = (minutes: number) => rfc3339(new Date(now.getTime() - minutes * 60_000));
const record = (minutes: number, state: RecoveryRecord['state']): RecoveryRecord => ({
  ...{ name: `run-${minutes}`, time: minutesAgo(minutes), policy: 'guard', state },
});

type PolicyShape = { readonly name: string; readonly action: 'Recover' | 'Report' };
const policy = ({ name, action }: PolicyShape) =>
  ({ metadata: { name }, spec: { action } }) as unknown as RecoveryPolicy;
const target = (accessMode: 'ReadWrite' | 'ReadOnly') =>
  ({ spec: { accessMode } }) as unknown as RecoveryTarget;

describe('the limit of recoveries an hour', () => {
  test('counts what wrote, and nothing that failed or was not needed', () => {
    const ended = fc.constantFrom<RecoveryRecord['state']>('Failed', 'NotNeeded', 'Succeeded', 'Deleted');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 59 }), ended), { maxLength: 16 }),
        fc.integer({ min: 1, max: 10 }),
        (past, maxRecoveriesPerHour) => {
          const records = past.sort(([a], [b]) => b - a).map(([minutes, state]) => record(minutes, state));
          const wrote = records.filter(({ state }) => state === 'Succeeded' || state === 'Deleted');
          const hold = recoveryHold(records, { maxRecoveriesPerHour }, now);
          expect(hold?.kind === 'breaker').toBe(wrote.length >= maxRecoveriesPerHour);
          expect(hold?.until.getTime() ?? now.getTime()).toBeLessThanOrEqual(now.getTime() + 3_600_000);
        },
      ),
    );
  });

  test('pauses after what wrote nothing: one minute, then twice as long each time, never more than 30', () => {
    const failed = (count: number) => Array.from({ length: count }, () => record(0, 'Failed'));
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((count) => {
      const hold = recoveryHold(failed(count), { maxRecoveriesPerHour: 1 }, now);
      expect(hold?.kind).toBe('pause');
      return ((hold?.until.getTime() ?? 0) - now.getTime()) / 60_000;
    });
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  test('a time in the future, of a clock that was ahead, holds nothing back', () => {
    const ahead = [record(-600, 'Succeeded')];
    expect(recoveryHold(ahead, { maxRecoveriesPerHour: 1 }, now)).toBeUndefined();
    expect(recentRecoveries(ahead, now)).toEqual([]);
  });
});

describe('an order', () => {
  test('has a name of its own, also within one second', () => {
    const first = withNewRecovery([], app, 'guard', now);
    const ended = first.map((each) => ({ ...each, state: 'Succeeded' as const }));
    const second = withNewRecovery(ended, app, 'guard', now);
    expect(new Set(second.map(({ name }) => name)).size).toBe(2);
  });

  test('without a run is withdrawn when nothing may be repaired any more, and kept while it may', () => {
    const ordered = [record(0, 'Ordered')];
    const absent = new Map([['run-0', 'Absent' as const]]);
    expect(withRunStates(ordered, absent, () => false)).toEqual([]);
    expect(withRunStates(ordered, absent, () => true)).toEqual(ordered);
    expect(withRunStates(ordered, new Map(), () => false)).toEqual(ordered);
  });

  test('without a run is withdrawn when its own policy creates no run any more, whatever others may do', () => {
    const recover = { name: 'guard', action: 'Recover' } as const;
    const other = { ...recover, name: 'other' };
    const cases: readonly [string, readonly PolicyShape[], 'ReadWrite' | 'ReadOnly', boolean][] = [
      ['it still may', [recover, other], 'ReadWrite', true],
      ['it is gone, or suspended', [other], 'ReadWrite', false],
      ['it only reports by now', [{ ...recover, action: 'Report' }, other], 'ReadWrite', false],
      ['nothing may be written', [recover], 'ReadOnly', false],
    ];
    for (const [why, policies, accessMode, isKept] of cases) {
      expect(mayCreateRun({ policies: policies.map(policy) }, target(accessMode), 'guard'), why).toBe(isKept);
    }
  });
});
