import { describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import type { Condition } from '../../src/api/condition.ts';
import { acceptedReasons, succeededReasons } from '../../src/api/reasons.ts';
import { decisionOf, isDecided } from '../../src/shim/runs/controller-decision.ts';
import { taskOf, taskStates } from '../../src/shim/runs/task.ts';
import { aRun } from './support/a-run.ts';

const accepted = (status: Condition['status'], reason: string, message = 'said so'): Condition => ({
  type: 'Accepted',
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-23T10:00:00Z',
});
const succeeded = (status: Condition['status'], reason: string, message = 'said so'): Condition => ({
  ...accepted(status, reason, message),
  type: 'Succeeded',
});

/** Status and text of the refusal; undefined when there is none. */
function refusal(run: BootstrapRecovery): readonly [number, unknown] | undefined {
  const decision = decisionOf(run);
  if (decision.kind !== 'refused') {
    return undefined;
  }
  // Every error says its text twice, for the dashboard's sake.
  const { error, message } = decision.answer.body as { error: string; message: string };
  expect(message).toBe(error);
  return [decision.answer.status, { error }];
}

describe('the decision about a run', () => {
  test('is open until the controller has said something, also when there is no status at all', () => {
    const { status, ...withoutStatus } = aRun([]);
    // The answer to a create has no status, whatever the type says.
    expect(decisionOf(withoutStatus as BootstrapRecovery)).toEqual({ kind: 'pending' });
    expect(status.conditions).toEqual([]);
    for (const reason of [
      'Pending',
      'Running',
      'Retrying',
      'WaitingForTarget',
      'WaitingForLock',
      'Suspended',
    ]) {
      expect(decisionOf(aRun([succeeded('Unknown', reason)])), reason).toEqual({ kind: 'pending' });
    }
    expect(isDecided(aRun([]))).toBe(false);
  });

  test('is yes when Accepted is True, whatever happens afterwards', () => {
    for (const end of [
      succeeded('Unknown', 'Running'),
      succeeded('False', 'Denied'),
      succeeded('True', 'Recovered'),
    ]) {
      expect(decisionOf(aRun([accepted('True', 'RecoveryRequired'), end]))).toEqual({ kind: 'accepted' });
    }
  });

  test.for([
    ['NotRequired', 409, 'Recovery not required: Redis state is already complete and consistent'],
    ['RecoveryInProgress', 409, 'Recovery already in progress for this admin and app'],
    [
      'NoPersistedRoot',
      409,
      'No persisted root metadata found. Bootstrap must be completed before recovery.',
    ],
    ['BootstrapInProgress', 409, 'Bootstrap already in progress for this admin and app (task_id=unknown)'],
  ] as const)('is no, in the words of the server, when Accepted is False: %s', ([reason, status, error]) => {
    expect(refusal(aRun([accepted('False', reason)]))).toEqual([status, { error }]);
  });

  test("names the server's bootstrap by its task id", () => {
    const run = aRun([accepted('False', 'BootstrapInProgress', 'Any words (task_id=none of these).')]);
    const blocked = { ...run, status: { ...run.status, blockingTaskID: 'c9228828-c5c3' } };
    expect(refusal(blocked)).toEqual([
      409,
      { error: 'Bootstrap already in progress for this admin and app (task_id=c9228828-c5c3)' },
    ]);
  });

  test('waits, when it was denied or something is missing, for the reason', () => {
    const invalid = accepted('False', 'InvalidReference');
    expect(isDecided(aRun([invalid]))).toBe(false);
    expect(
      refusal(aRun([invalid, succeeded('False', 'InvalidReference', 'Secret "s3" is missing.')])),
    ).toEqual([409, { error: 'Recovery refused: Secret "s3" is missing.' }]);
    const denied = accepted('False', 'Denied', 'BOOTSTRAP_a_b is no string.');
    expect(decisionOf(aRun([denied, succeeded('Unknown', 'Running')]))).toEqual({ kind: 'pending' });
    expect(refusal(aRun([denied, succeeded('False', 'Denied', 'The target is read-only.')]))).toEqual([
      409,
      { error: 'Recovery refused: The target is read-only.' },
    ]);
    expect(refusal(aRun([denied, succeeded('False', 'CorruptType')]))).toEqual([
      503,
      { error: 'Failed to evaluate recovery precheck' },
    ]);
  });

  test('is no for a reason that only a newer controller knows', () => {
    const run = aRun([accepted('False', 'FullMoon'), succeeded('False', 'FullMoon', 'Not tonight.')]);
    expect(refusal(run)).toEqual([409, { error: 'Recovery refused: Not tonight.' }]);
    expect(refusal(aRun([accepted('False', 'FullMoon')]))).toEqual([
      409,
      { error: 'Recovery refused: no reason given' },
    ]);
  });

  test('of a run that ended without one follows from how it ended', () => {
    const ending = (reason: keyof typeof succeededReasons) =>
      refusal(aRun([succeeded(succeededReasons[reason].status, reason)]));
    expect(ending('AlreadyConsistent')?.[0]).toBe(409);
    expect(ending('SourceNotBootstrapped')?.[0]).toBe(409);
    for (const reason of ['SourceAccessDenied', 'SourceNotFound'] as const) {
      expect(ending(reason)).toEqual([
        503,
        { error: 'Failed to determine bootstrap state from persistent metadata' },
      ]);
    }
    for (const reason of [
      'RedisAccessDenied',
      'RedisWrongPassword',
      'RedisReadOnly',
      'RedisUnsupported',
    ] as const) {
      expect(ending(reason)).toEqual([500, { error: 'Failed to acquire recovery lock' }]);
    }
    for (const reason of [
      'TrustVerificationFailed',
      'Recovered',
      'Cancelled',
      'DeadlineExceeded',
      'FailedBootstrap',
    ] as const) {
      expect(ending(reason), reason).toBeUndefined();
    }
  });

  test('is made for every documented reason', () => {
    for (const [reason, { status }] of Object.entries(acceptedReasons)) {
      const run = aRun([accepted(status, reason), succeeded('False', 'Denied')]);
      expect(isDecided(run), reason).toBe(true);
      expect(decisionOf(run).kind, reason).toBe(status === 'True' ? 'accepted' : 'refused');
    }
  });
});

describe('a run as a task', () => {
  test.for([
    ['Pending', 'PENDING'],
    ['Suspended', 'PENDING'],
    ['WaitingForTarget', 'RECEIVED'],
    ['WaitingForLock', 'RECEIVED'],
    ['AwaitingApproval', 'RECEIVED'],
    ['Running', 'RUNNING'],
    ['Retrying', 'RETRY'],
    ['Recovered', 'SUCCESS'],
    ['AlreadyConsistent', 'SUCCESS'],
    ['Verified', 'SUCCESS'],
    ['TrustVerificationFailed', 'FAILURE'],
    ['Cancelled', 'REVOKED'],
    ['Denied', 'REJECTED'],
    ['InvalidReference', 'REJECTED'],
  ] as const)('%s is %s', ([reason, state]) => {
    expect(taskOf(aRun([succeeded(succeededReasons[reason].status, reason)])).state).toBe(state);
  });

  test('has a state the server knows, whatever the reason, and an ending only when it has ended', () => {
    for (const [reason, { status }] of Object.entries(succeededReasons)) {
      const { state, result } = taskOf(aRun([succeeded(status, reason)]));
      expect(taskStates, reason).toContain(state);
      expect(result?.status, reason).toBe(status === 'Unknown' ? undefined : status === 'True');
    }
    expect(taskOf(aRun([])).state).toBe('PENDING');
  });

  test('reads as the server writes it, member by member', () => {
    const text = (run: BootstrapRecovery) => JSON.stringify(taskOf(run));
    const uid = aRun([]).metadata.uid;
    expect(text(aRun([succeeded('True', 'Recovered')]))).toBe(
      `{"task_id":"${uid}","state":"SUCCESS","result":{"message":"Bootstrap recovery completed successfully","status":true,"task":"bootstrap_recovery","last_update":"2026-11-23T10:00:00Z"}}`,
    );
    expect(text(aRun([succeeded('False', 'Conflict', 'Why.')]))).toBe(
      `{"task_id":"${uid}","state":"FAILURE","result":{"error":"Bootstrap recovery failed: Why.","status":false,"task":"bootstrap_recovery","last_update":"2026-11-23T10:00:00Z"}}`,
    );
    expect(text(aRun([]))).toBe(
      `{"task_id":"${uid}","state":"PENDING","result":{"task":"bootstrap_recovery","last_update":"2026-11-23T09:00:00Z"}}`,
    );
  });

  test('was last updated when it last moved, to the fraction', () => {
    const run = aRun([succeeded('Unknown', 'Running')]);
    const progress = {
      stage: 'Trust',
      completed: 1,
      total: 2,
      summary: 'Trust 1/2',
      lastProgressTime: '2026-11-23T10:00:00.5Z',
    };
    expect(taskOf({ ...run, status: { ...run.status, progress } }).result?.last_update).toBe(
      '2026-11-23T10:00:00.5Z',
    );
  });
});
