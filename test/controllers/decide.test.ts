import { describe, expect, test } from 'vitest';
import type {
  BootstrapRecovery,
  BootstrapRecoveryStatus,
} from '../../src/api/bootstraprecovery.generated.ts';
import type { SucceededReason } from '../../src/api/reasons.ts';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import { decideRun, type RunFacts } from '../../src/controllers/bootstraprecovery/decide.ts';
import { draftOf, statusOf as runStatusOf } from '../../src/controllers/bootstraprecovery/draft.ts';
import { conditions, digest, runManifest, targetManifest } from './support/objects.ts';

const now = new Date('2026-06-01T12:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString().replace('.000Z', 'Z');

interface Case {
  readonly spec?: Partial<BootstrapRecovery['spec']>;
  readonly status?: Partial<BootstrapRecoveryStatus>;
  readonly reason?: SucceededReason;
  readonly deletionTimestamp?: string;
  readonly target?: Partial<RecoveryTarget['spec']> | 'missing';
}

function facts({ spec, status, reason, deletionTimestamp, target = {} }: Case): RunFacts {
  const run = runManifest({
    spec: spec ?? {},
    status: { ...status, ...(reason !== undefined && { conditions: conditions(reason) }) },
    ...(deletionTimestamp !== undefined && { metadata: { deletionTimestamp } }),
  });
  return {
    run,
    target: target === 'missing' ? undefined : targetManifest(target),
    now,
    installation: 'ops/ours',
  };
}

const verdictOf = (given: Case) => {
  const decision = decideRun(facts(given));
  return 'verdict' in decision ? { kind: decision.kind, ...decision.verdict } : decision;
};

describe('a time that was stored by a clock that was ahead', () => {
  const ahead = at(86_400 * 365);

  test('a next attempt in a year is due now', () => {
    const status = { attempts: 1, startTime: at(-9), deadline: at(200), nextAttemptTime: ahead };
    expect(decideRun(facts({ status, reason: 'Retrying' }))).toMatchObject({ kind: 'attempt', attempt: 2 });
  });

  test('no wake-up is later than the longest pause between two attempts', () => {
    const status = { attempts: 1, startTime: at(-9), deadline: at(200), nextAttemptTime: at(80) };
    expect(decideRun(facts({ status, reason: 'Retrying' }))).toEqual({ kind: 'sleep', wakeAfterMs: 30_000 });
  });

  test('a deadline in a year becomes the whole time from now on, also while the run waits', () => {
    const status = { attempts: 1, startTime: at(-9), deadline: ahead };
    expect(decideRun(facts({ status, reason: 'Running' }))).toEqual({
      kind: 'attempt',
      attempt: 1,
      deadline: new Date(at(300)),
    });
    const run = runManifest({ status });
    expect(runStatusOf(draftOf(run), run, now).deadline).toBe(at(300));
  });

  test('a run that ended in a year is past its time to live', () => {
    const ended = { reason: 'Recovered', spec: { ttlSecondsAfterFinished: 60 } } as const;
    expect(decideRun(facts({ ...ended, status: { completionTime: ahead } }))).toEqual({ kind: 'expire' });
  });

  test('clocks of two machines a few seconds apart change nothing', () => {
    const ended = { reason: 'Recovered', spec: { ttlSecondsAfterFinished: 60 } } as const;
    expect(decideRun(facts({ ...ended, status: { completionTime: at(5) } }))).toEqual({
      kind: 'finished',
      wakeAfterMs: 60_000,
    });
  });
});

describe('a run that another installation works on', () => {
  const status = { attempts: 1, startTime: at(-9), deadline: at(20), controller: 'ops/theirs' };

  test('is left alone, whatever the spec says by now', () => {
    const given = { status, reason: 'Running', spec: { cancel: true } } as const;
    expect(decideRun(facts(given))).toEqual({ kind: 'sleep', wakeAfterMs: 30_000 });
    const ours = { ...status, controller: 'ops/ours' };
    expect(decideRun(facts({ ...given, status: ours }))).toMatchObject({ kind: 'end' });
  });

  test('is taken over when its deadline and its lock are over', () => {
    const over = { ...status, deadline: at(-31) };
    expect(decideRun(facts({ status: over, reason: 'Running' }))).toMatchObject({
      kind: 'end',
      verdict: { reason: 'DeadlineExceeded' },
    });
  });
});

describe('what happens next to a run', () => {
  test('a new run starts its first attempt with its whole time', () => {
    expect(decideRun(facts({}))).toEqual({ kind: 'attempt', attempt: 1, deadline: new Date(at(300)) });
  });

  test('a run that is being deleted lets go, whatever else is true', () => {
    for (const reason of ['Running', 'Recovered', 'AwaitingApproval'] as const) {
      const given = { reason, deletionTimestamp: at(-1), spec: { cancel: true }, target: 'missing' } as const;
      expect(decideRun(facts(given))).toEqual({ kind: 'release' });
    }
  });

  test('a run that has ended stays ended', () => {
    for (const reason of ['Recovered', 'Cancelled', 'InvalidReference'] as const) {
      expect(decideRun(facts({ reason, spec: { cancel: true, suspend: true } }))).toEqual({
        kind: 'finished',
      });
    }
  });

  test('its time to live counts from its end', () => {
    const ended = { reason: 'Recovered', spec: { ttlSecondsAfterFinished: 60 } } as const;
    expect(decideRun(facts({ ...ended, status: { completionTime: at(-20) } }))).toEqual({
      kind: 'finished',
      wakeAfterMs: 40_000,
    });
    expect(decideRun(facts({ ...ended, status: { completionTime: at(-60) } }))).toEqual({ kind: 'expire' });
    expect(decideRun(facts(ended))).toEqual({ kind: 'finished' });
  });

  test('cancelling ends a run, and says whether anything can have been written', () => {
    const cancelled = { spec: { cancel: true } };
    expect(verdictOf(cancelled)).toMatchObject({
      kind: 'end',
      reason: 'Cancelled',
      message: expect.stringContaining('nothing was written'),
    });
    expect(verdictOf({ ...cancelled, reason: 'Running', status: { startTime: at(-5) } })).toMatchObject({
      reason: 'Cancelled',
      message: expect.stringContaining('never a mixture'),
    });
  });

  test('suspending keeps a run from starting, and does nothing to one that has started', () => {
    const suspended = { spec: { suspend: true } };
    expect(verdictOf(suspended)).toMatchObject({ kind: 'wait', reason: 'Suspended' });
    expect(
      decideRun(facts({ ...suspended, reason: 'Running', status: { startTime: at(-5), attempts: 1 } })),
    ).toMatchObject({ kind: 'attempt' });
  });

  test('the deadline ends a run, across restarts, and says what it was waiting for', () => {
    const over = { status: { startTime: at(-301), deadline: at(-1), attempts: 2 } };
    expect(verdictOf({ ...over, reason: 'Retrying' })).toMatchObject({
      kind: 'end',
      reason: 'DeadlineExceeded',
      message: 'The run did not end within its 300 s. Before that: Retrying: because',
    });
    expect(verdictOf(over)).toMatchObject({ message: 'The run did not end within its 300 s.' });
    expect(decideRun(facts({ status: { ...over.status, deadline: at(7) }, reason: 'Running' }))).toEqual({
      kind: 'attempt',
      attempt: 2,
      deadline: new Date(at(7)),
    });
  });

  test('without its target a run waits and names it', () => {
    expect(verdictOf({ target: 'missing' })).toMatchObject({
      kind: 'wait',
      reason: 'WaitingForTarget',
      message: expect.stringContaining('prod/default does not exist'),
    });
  });

  test('a suspended target starts no runs and stops none', () => {
    const suspended = { target: { suspend: true } };
    expect(verdictOf(suspended)).toMatchObject({ kind: 'wait', reason: 'WaitingForTarget' });
    expect(decideRun(facts({ ...suspended, status: { startTime: at(-1), attempts: 1 } }))).toMatchObject({
      kind: 'attempt',
    });
  });

  test('a read-only target refuses a recovery and allows a verification', () => {
    const readOnly = { target: { accessMode: 'ReadOnly' } } as const;
    expect(verdictOf(readOnly)).toMatchObject({ kind: 'end', reason: 'Denied' });
    expect(decideRun(facts({ ...readOnly, spec: { mode: 'Verify' } }))).toMatchObject({ kind: 'attempt' });
  });

  test('a plan waits until exactly this plan is approved, and then has its whole time again', () => {
    const plan = { digest: digest('a'), creates: 1, replaces: 0, keeps: 0, persists: 0, deletes: 0 };
    const status = { plan, startTime: at(-5000), attempts: 1 };
    const waiting = { reason: 'AwaitingApproval', status } as const;
    expect(verdictOf(waiting)).toMatchObject({
      kind: 'wait',
      message: expect.stringContaining(`set spec.approvedPlan to ${plan.digest}`),
    });
    expect(verdictOf({ ...waiting, spec: { approvedPlan: digest('b') } })).toMatchObject({
      kind: 'wait',
      message: expect.stringContaining('names another plan'),
    });
    expect(decideRun(facts({ ...waiting, spec: { approvedPlan: plan.digest } }))).toEqual({
      kind: 'attempt',
      attempt: 1,
      deadline: new Date(at(300)),
    });
    expect(decideRun(facts({ reason: 'AwaitingApproval', status: { attempts: 1 } }))).toMatchObject({
      kind: 'attempt',
    });
  });

  test('the next attempt waits for its time, although every status write wakes the run', () => {
    const status = { attempts: 1, startTime: at(-9), deadline: at(200) };
    const retrying = (seconds: number) =>
      decideRun(facts({ reason: 'Retrying', status: { ...status, nextAttemptTime: at(seconds) } }));
    expect(retrying(4)).toEqual({ kind: 'sleep', wakeAfterMs: 4000 });
    expect(retrying(0)).toMatchObject({ kind: 'attempt', attempt: 2 });
  });

  test('an attempt that a restart cut off is taken up again and not counted twice', () => {
    const status = { attempts: 3, startTime: at(-9), deadline: at(200) };
    expect(decideRun(facts({ reason: 'Running', status }))).toMatchObject({ attempt: 3 });
    expect(decideRun(facts({ reason: 'WaitingForLock', status }))).toMatchObject({ attempt: 3 });
    expect(decideRun(facts({ reason: 'Retrying', status }))).toMatchObject({ attempt: 4 });
  });
});
