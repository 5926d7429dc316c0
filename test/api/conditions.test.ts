import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import { type RunVerdicts, runConditions } from '../../src/api/conditions.ts';
import {
  type AcceptedReason,
  acceptedReasons,
  type StateReason,
  type SucceededReason,
  stateReasons,
  succeededReasons,
  type TrustReason,
  trustReasons,
} from '../../src/api/reasons.ts';
import { kstatus } from './kstatus.ts';

/** Names of a vocabulary, typed: Object.keys widens to string. */
const names = <Reason extends string>(reasons: Readonly<Record<Reason, unknown>>): Reason[] =>
  Object.keys(reasons) as Reason[];

const verdict = <Reason extends string>(reasons: Readonly<Record<Reason, unknown>>) =>
  fc.record({ reason: fc.constantFrom(...names(reasons)), message: fc.string({ maxLength: 5000 }) });

const anyVerdicts: fc.Arbitrary<RunVerdicts> = fc.record({
  succeeded: verdict<SucceededReason>(succeededReasons),
  accepted: fc.option(verdict<AcceptedReason>(acceptedReasons), { nil: undefined }),
  trustVerified: verdict<TrustReason>(trustReasons),
  stateVerified: verdict<StateReason>(stateReasons),
});

/** Any life of a run: one set of verdicts after the other, a second apart. */
function live(history: readonly RunVerdicts[]): readonly Condition[][] {
  const states: Condition[][] = [];
  for (const [at, verdicts] of history.entries()) {
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, at));
    states.push([...runConditions(verdicts, states.at(-1) ?? [], at + 1, now)]);
  }
  return states;
}

const statusOf = (conditions: readonly Condition[], type: string) =>
  conditions.find((condition) => condition.type === type)?.status;

const verdicts = (reason: SucceededReason, message = 'because'): RunVerdicts => ({
  succeeded: { reason, message },
  accepted: undefined,
  trustVerified: { reason: 'MetadataVerified', message: '' },
  stateVerified: { reason: 'Consistent', message: '' },
});

describe('conditions of a BootstrapRecovery', () => {
  test('no failing path ever says Succeeded=True or Ready=True', () => {
    fc.assert(
      fc.property(fc.array(anyVerdicts, { minLength: 1, maxLength: 6 }), (history) => {
        for (const conditions of live(history)) {
          const ready = conditions.find(({ type }) => type === 'Ready');
          const claims = ready?.status === 'True' && ready.reason !== 'Suspended';
          if (statusOf(conditions, 'Succeeded') !== 'True' && !claims) {
            continue;
          }
          const success = history.find(
            ({ succeeded }) => succeededReasons[succeeded.reason].status === 'True',
          );
          expect(success, 'some verdict claimed success').toBeDefined();
          expect(statusOf(conditions, 'TrustVerified')).toBe('True');
          expect(statusOf(conditions, 'StateVerified')).toBe('True');
          expect(statusOf(conditions, 'Stalled')).toBeUndefined();
          expect(statusOf(conditions, 'Reconciling')).toBeUndefined();
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('success without proof is reported as a failure', () => {
    const claimed = runConditions(
      { ...verdicts('Recovered'), stateVerified: { reason: 'KeysMissing', message: '' } },
      [],
      1,
      new Date(0),
    );
    expect(claimed.find(({ type }) => type === 'Succeeded')).toMatchObject({
      status: 'False',
      reason: 'PostVerificationFailed',
    });
  });

  test('a terminal run never changes again, whatever is said afterwards', () => {
    fc.assert(
      fc.property(fc.array(anyVerdicts, { minLength: 2, maxLength: 8 }), (history) => {
        const lives = live(history);
        const end = lives.findIndex((conditions) => statusOf(conditions, 'Succeeded') !== 'Unknown');
        if (end < 0) {
          return;
        }
        const frozen = lives[end]?.map(({ observedGeneration: _, ...rest }) => rest);
        for (const [at, later] of lives.entries()) {
          if (at < end) {
            continue;
          }
          expect(later.map(({ observedGeneration: _, ...rest }) => rest)).toEqual(frozen);
          expect(later.every(({ observedGeneration }) => observedGeneration === at + 1)).toBe(true);
        }
      }),
    );
  });

  test('lastTransitionTime moves exactly when the status of that condition does', () => {
    fc.assert(
      fc.property(fc.array(anyVerdicts, { minLength: 2, maxLength: 6 }), (history) => {
        const lives = live(history);
        for (const [at, conditions] of lives.entries()) {
          for (const condition of conditions) {
            const before = lives[at - 1]?.find(({ type }) => type === condition.type);
            if (before?.status === condition.status) {
              expect(condition.lastTransitionTime).toBe(before.lastTransitionTime);
            } else {
              expect(condition.lastTransitionTime).toBe(`2026-01-01T00:00:0${at}Z`);
            }
          }
        }
      }),
    );
  });

  test.each(names(succeededReasons))('kstatus understands %s', (reason) => {
    const conditions = runConditions(verdicts(reason), [], 1, new Date(0));
    const judged = kstatus({ metadata: { generation: 1 }, status: { observedGeneration: 1, conditions } });
    const expected = { True: 'Current', False: 'Failed', Unknown: 'InProgress' } as const;
    // It is what its spec asks for, so a client that waits for it to be applied continues.
    const wanted = reason === 'Suspended' ? 'Current' : expected[succeededReasons[reason].status];
    expect(judged).toBe(wanted);
  });

  test('kstatus sees an object that no controller has observed as in progress, not as done', () => {
    expect(kstatus({ metadata: { generation: 1 }, status: { observedGeneration: -1 } })).toBe('InProgress');
  });

  test('exactly one of Reconciling, Stalled and Ready is True in every reachable state', () => {
    fc.assert(
      fc.property(fc.array(anyVerdicts, { minLength: 1, maxLength: 4 }), (history) => {
        for (const conditions of live(history)) {
          const held = conditions.filter(
            ({ type, status }) => ['Reconciling', 'Stalled', 'Ready'].includes(type) && status === 'True',
          );
          expect(held).toHaveLength(1);
        }
      }),
    );
  });

  test('the early answer stands while later attempts are still undecided', () => {
    const now = new Date(0);
    const first = runConditions(
      { ...verdicts('Running'), accepted: { reason: 'RecoveryRequired', message: 'lost' } },
      [],
      1,
      now,
    );
    const second = runConditions(verdicts('Retrying'), first, 1, now);
    expect(second.find(({ type }) => type === 'Accepted')).toMatchObject({
      status: 'True',
      reason: 'RecoveryRequired',
    });
  });

  test('a retry is distinguished from ordinary progress', () => {
    const reasonOf = (reason: SucceededReason) =>
      runConditions(verdicts(reason), [], 1, new Date(0)).find(({ type }) => type === 'Reconciling')?.reason;
    expect(reasonOf('Retrying')).toBe('ProgressingWithRetry');
    expect(reasonOf('Running')).toBe('Progressing');
  });
});
