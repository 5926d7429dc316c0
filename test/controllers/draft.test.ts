import { describe, expect, test } from 'vitest';
import { statusWithinBounds } from '../../src/api/status-within-bounds.ts';
import { inOneTurn, inTurns } from '../../src/async/in-turns.ts';
import {
  draftOf,
  type StatusDraft,
  statusOf,
  withAcceptance,
  withAttempt,
  withOutcome,
  withPlan,
  withProgress,
  withTrusted,
  withVerdict,
} from '../../src/controllers/bootstraprecovery/draft.ts';
import { reportText } from '../../src/controllers/bootstraprecovery/report.ts';
import { maxConfigMapBytes } from '../../src/controllers/status/owned-config-map.ts';
import { TransientError } from '../../src/errors.ts';
import type { Outcome } from '../../src/recovery/outcome.ts';
import type { Action, Plan } from '../../src/recovery/plan/plan.ts';
import type { Finding } from '../../src/tuf/findings/finding.ts';
import type { Trusted } from '../../src/tuf/verify/verification.ts';
import { turnsDuring } from '../async/fixtures/turns.ts';
import { conditions, digest, runManifest } from './support/objects.ts';

const now = new Date('2026-06-01T12:00:00.500Z');
const run = runManifest();

const action = (index: number, kind: Action['kind']): Action => ({
  key: `KEY_${String(index).padStart(4, '0')}`,
  kind,
  before: undefined,
  after: kind === 'Delete' ? undefined : 'x'.repeat(1100),
  source: 'Inferred',
  confidence: 'high',
});

const planOf = (actions: readonly Action[]): Plan => ({ actions, digest: digest('a') });

const finding = (index: number): Finding => ({
  code: 'ExpiredRole',
  check: 18,
  severity: 'report',
  role: `role-${index}`,
  version: 1,
  spec: '5.4.4',
  detail: 'It expired.',
});

const role = (name: string, expires: string) => ({
  role: name,
  version: 2,
  expires: new Date(expires),
  sha256: 'e'.repeat(64),
  object: undefined,
});

const trusted: Trusted = {
  heads: { root: 3, timestamp: 9, snapshot: 8, targets: 7, delegated: new Map([['nightly', 4]]) },
  firstRoot: undefined,
  root: {
    version: 3,
    expires: new Date('2030-01-01'),
    signatures: 1,
    roles: {
      root: { threshold: 1, keyids: [] },
      targets: { threshold: 1, keyids: [] },
      snapshot: { threshold: 1, keyids: [] },
      timestamp: { threshold: 1, keyids: [] },
    },
    sha256: 'd'.repeat(64),
    object: undefined,
  },
  timestamp: role('timestamp', '2026-05-30'),
  snapshot: role('snapshot', '2026-06-02'),
  targets: role('targets', '2027-01-01'),
  delegated: [
    { ...role('nightly', '2026-06-01T12:00:00.500Z'), version: 4, depth: 1, delegators: ['targets'] },
  ],
  delegatedNames: ['nightly'],
};

const trustedWith = (roles: number, name: string): Trusted => {
  const delegated = trusted.delegated.flatMap((facts) =>
    Array.from({ length: roles }, (_, i) => ({ ...facts, role: `${name}${i}`, version: 1 })),
  );
  const versions = new Map(delegated.map(({ role: named, version }) => [named, version]));
  return { ...trusted, heads: { ...trusted.heads, delegated: versions }, delegated };
};

const outcome = (changes: Partial<Outcome>): Outcome => ({
  taskID: run.metadata.uid,
  succeeded: { reason: 'Recovered', message: 'done' },
  accepted: { reason: 'RecoveryRequired', message: 'lost' },
  trustVerified: { reason: 'MetadataVerified', message: 'root 3' },
  stateVerified: { reason: 'Consistent', message: 'all keys' },
  state: 'FullLoss',
  plan: planOf([action(1, 'Create')]),
  trusted,
  verification: { checkedKeys: 18, missingKeys: 0, invalidKeys: 0, verifiedAt: now },
  recoverability: undefined,
  lockWaitMs: 0,
  steps: [],
  findings: [],
  retry: 'none',
  error: undefined,
  ...changes,
});

const reasonOf = (status: ReturnType<typeof statusOf>) =>
  status.conditions?.find(({ type }) => type === 'Succeeded')?.reason;

const nextAt = (at: Date) => ({ at, deadline: new Date('2026-06-01T12:05:00Z') });

describe('a status in the making', () => {
  test('the id of the task is the uid of the object, from the first look on', () => {
    const status = statusOf(draftOf(run), run, now);
    expect(status).toMatchObject({ taskID: run.metadata.uid, observedGeneration: 1 });
    expect(reasonOf(status)).toBe('Pending');
  });

  test('times to come are rounded up, so that nothing is earlier than promised', () => {
    const draft = withAttempt(draftOf(run), 1, new Date('2026-06-01T12:05:00.500Z'), now, 'ops/ours');
    expect(draft.fields).toMatchObject({
      startTime: '2026-06-01T12:00:00Z',
      deadline: '2026-06-01T12:05:01Z',
    });
  });

  test('a second attempt keeps the start of the first', () => {
    const first = runManifest({ status: { startTime: '2026-06-01T11:00:00Z', attempts: 1 } });
    expect(withAttempt(draftOf(first), 2, now, now, 'ops/ours').fields).toMatchObject({
      startTime: '2026-06-01T11:00:00Z',
      attempts: 2,
    });
  });

  test('the Progress column shows stage and counts, or the stage alone', () => {
    const summary = (total: number) =>
      withProgress(draftOf(run), { stage: 'Trust', completed: 412, total }, now).fields.progress?.summary;
    expect(summary(4096)).toBe('Trust 412/4096');
    expect(summary(0)).toBe('Trust');
  });

  test.each([
    ['withOutcome', (draft: StatusDraft, at: Date) => withOutcome(draft, outcome({}), undefined, at)],
    [
      'withVerdict',
      (draft: StatusDraft, at: Date) =>
        withVerdict(draft, { reason: 'Cancelled', message: 'on request' }, at),
    ],
  ])('%s: a run that ends says how long it took, and where it was, but no longer counts', (_, end) => {
    const started = withAttempt(draftOf(run), 1, now, now, 'ops/ours');
    const moving = withProgress(started, { stage: 'Apply', completed: 3, total: 17 }, now);
    const { fields } = end(moving, new Date('2026-06-01T12:03:05.900Z'));
    expect(fields.duration).toBe('3m5s');
    expect(fields.progress).toMatchObject({ stage: 'Apply', completed: 3, total: 17, summary: '' });
  });

  test('a run that continues, and one that never started, have no duration', () => {
    const started = withAttempt(draftOf(run), 1, now, now, 'ops/ours');
    const moving = withProgress(started, { stage: 'Apply', completed: 3, total: 17 }, now);
    const retried = withOutcome(
      moving,
      outcome({ succeeded: { reason: 'Retrying', message: '' } }),
      nextAt(now),
      now,
    );
    expect(retried.fields).not.toHaveProperty('duration');
    expect(retried.fields.progress?.summary).toBe('Apply 3/17');
    const never = withVerdict(draftOf(run), { reason: 'Cancelled', message: '' }, now);
    expect(never.fields).not.toHaveProperty('duration');
  });

  test('what has expired is listed with its date, at the one time of the run', () => {
    const { trust } = withTrusted(draftOf(run), trusted, [], now).fields;
    expect(trust).toMatchObject({ rootVersion: 3, timestampVersion: 9, delegatedRoles: 1 });
    expect(trust?.expired?.map(({ role }) => role)).toEqual(['timestamp', 'nightly']);
  });

  test('a large plan shows what changes first, and no more than the schema admits', () => {
    const kinds = ['Keep', 'Create', 'Replace', 'Persist', 'Delete'] as const;
    const actions = Array.from({ length: 500 }, (_, index) => action(index, kinds[index % 5] ?? 'Keep'));
    const draft = withPlan(draftOf(run), 'PartialLoss', planOf(actions));
    const { plan } = statusWithinBounds('BootstrapRecovery', statusOf(draft, run, now));
    expect(plan).toMatchObject({ creates: 100, replaces: 100, keeps: 100, persists: 100, deletes: 100 });
    expect(plan?.actions).toHaveLength(64);
    expect(plan?.actions?.some(({ kind }) => kind === 'Keep')).toBe(false);
    expect(plan?.actions?.every(({ value }) => (value ?? '').length <= 1024)).toBe(true);
    expect(
      plan?.actions?.filter(({ kind }) => kind === 'Delete').every(({ value }) => value === undefined),
    ).toBe(true);
  });

  test('while another owner holds the lock the run says so, and says when it continues', () => {
    const running = withAttempt(draftOf(run), 1, now, now, 'ops/ours');
    const held = { reason: 'RecoveryInProgress', message: 'held by X', blockingTask: 'X' } as const;
    const waiting = withAcceptance(running, held);
    expect(waiting.fields.blockingTaskID).toBe('X');
    expect(waiting.verdicts).toMatchObject({
      succeeded: { reason: 'WaitingForLock', message: 'held by X' },
      accepted: { reason: 'RecoveryInProgress' },
    });
    const onward = withAcceptance(waiting, { reason: 'RecoveryRequired', message: 'lost' });
    expect(onward.verdicts.succeeded.reason).toBe('Running');
    expect(onward.fields).not.toHaveProperty('blockingTaskID');
    expect(
      withAcceptance(running, { reason: 'RecoveryRequired', message: 'lost' }).verdicts.succeeded.reason,
    ).toBe('Running');
  });

  test('the end has a time and no deadline; a retry has its next time and keeps the deadline', () => {
    const running = withAttempt(draftOf(run), 1, new Date('2026-06-01T12:05:00Z'), now, 'ops/ours');
    const ended = statusOf(withOutcome(running, outcome({}), undefined, now), run, now);
    expect(ended).toMatchObject({ completionTime: '2026-06-01T12:00:00Z' });
    expect(ended.deadline).toBeUndefined();

    const failed = outcome({
      succeeded: { reason: 'Retrying', message: 'away' },
      retry: 'backoff',
      error: new TransientError('RedisUnreachable', 'away'),
    });
    const retrying = statusOf(
      withOutcome(running, failed, nextAt(new Date('2026-06-01T12:00:03.2Z')), now),
      run,
      now,
    );
    expect(retrying).toMatchObject({
      nextAttemptTime: '2026-06-01T12:00:04Z',
      deadline: '2026-06-01T12:05:00Z',
      lastErrors: [{ reason: 'RedisUnreachable', message: 'away' }],
    });
    expect(retrying.completionTime).toBeUndefined();
  });

  test('while another recovery holds the lock the run says until when it waits, and its own time stands still', () => {
    const running = withAttempt(draftOf(run), 1, new Date('2026-06-01T12:05:00Z'), now, 'ops/ours');
    const locked = outcome({ succeeded: { reason: 'WaitingForLock', message: 'held.' }, retry: 'wait' });
    const next = {
      at: new Date('2026-06-01T12:00:02Z'),
      deadline: new Date('2026-06-01T12:05:02Z'),
      lockWaitDeadline: new Date('2026-06-01T12:06:00Z'),
    };
    const { fields, verdicts } = withOutcome(running, locked, next, now);
    expect(fields).toMatchObject({
      deadline: '2026-06-01T12:05:02Z',
      lockWaitDeadline: '2026-06-01T12:06:00Z',
      nextAttemptTime: '2026-06-01T12:00:02Z',
    });
    expect(verdicts.succeeded.message).toBe(
      'held. The run waits for it until 2026-06-01T12:06:00Z; this time does not count against timeoutSeconds.',
    );
  });

  test('while a person is awaited no clock runs', () => {
    const running = withAttempt(draftOf(run), 1, now, now, 'ops/ours');
    const awaiting = outcome({ succeeded: { reason: 'AwaitingApproval', message: 'read' }, retry: 'wait' });
    const { fields } = withOutcome(running, awaiting, undefined, now);
    expect([fields.deadline, fields.nextAttemptTime, fields.completionTime]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('the last five errors are kept, newest first', () => {
    let draft = draftOf(run);
    for (let attempt = 1; attempt <= 7; attempt += 1) {
      const error = new TransientError('RedisTimeout', `failure ${attempt}`);
      draft = withOutcome(draft, outcome({ retry: 'backoff', error }), nextAt(now), now);
    }
    const { lastErrors } = statusWithinBounds('BootstrapRecovery', statusOf(draft, run, now));
    expect(lastErrors?.map(({ message }) => message)).toEqual(
      [7, 6, 5, 4, 3].map((attempt) => `failure ${attempt}`),
    );
  });

  test('a run that has ended keeps every field, and only follows the generation', () => {
    const ended = runManifest({
      metadata: { generation: 4 },
      status: {
        observedGeneration: 1,
        conditions: conditions('Recovered'),
        completionTime: '2026-06-01T11:00:00Z',
      },
    });
    const cancelled = withVerdict(draftOf(ended), { reason: 'Cancelled', message: 'late' }, now);
    const status = statusOf(cancelled, ended, now);
    expect(status).toMatchObject({ observedGeneration: 4, completionTime: '2026-06-01T11:00:00Z' });
    expect(reasonOf(status)).toBe('Recovered');
  });

  test('a refusal is an early answer, too', () => {
    for (const reason of ['Denied', 'InvalidReference'] as const) {
      const refused = withVerdict(draftOf(run), { reason, message: 'no' }, now);
      expect(refused.verdicts.accepted).toEqual({ reason, message: 'no' });
    }
    const waiting = withVerdict(draftOf(run), { reason: 'Suspended', message: '' }, now);
    expect(waiting.verdicts.accepted).toBeUndefined();
  });

  test('conditions written by a newer version are read as nothing known', () => {
    const [first] = conditions('Running');
    if (first === undefined) {
      throw new Error('there are conditions');
    }
    const strange = runManifest({
      status: { conditions: [{ ...first, type: 'Succeeded', reason: 'FromTheFuture' }] },
    });
    expect(draftOf(strange).verdicts.succeeded.reason).toBe('Pending');
  });
});

describe('the report', () => {
  test('holds the whole plan and every finding', () => {
    const actions = Array.from({ length: 100 }, (_, index) => action(index, 'Create'));
    const findings = Array.from({ length: 50 }, (_, index) => finding(index));
    const report = JSON.parse(inOneTurn(reportText(outcome({ plan: planOf(actions), findings }))));
    expect(report.plan.actions).toHaveLength(100);
    expect(report.plan).toMatchObject({ digest: digest('a'), omittedActions: 0 });
    expect(report.findings).toHaveLength(50);
    expect(report.heads).toMatchObject({ root: 3, delegated: [['nightly', 4, '2026-06-01T12:00:00.500Z']] });
    expect(report.expires).toMatchObject({ root: '2030-01-01T00:00:00.000Z' });
  });

  test('says how long each step took, to a tenth of a millisecond', () => {
    const step = { step: 'Trust', startTime: now, times: 1 } as const;
    const report = JSON.parse(
      inOneTurn(reportText(outcome({ steps: [{ ...step, milliseconds: 12.3456 }] }))),
    );
    expect(report.steps).toEqual([{ ...step, startTime: now.toISOString(), milliseconds: 12.3 }]);
  });

  test('of an app with many roles leaves the event loop its turns', async () => {
    const actions = Array.from({ length: 200 }, (_, index) => action(index, 'Create'));
    expect(await turnsDuring(() => inTurns(reportText(outcome({ plan: planOf(actions) }))))).toBeGreaterThan(
      0,
    );
  });

  test('of what no ConfigMap holds it keeps the first part and says how much is missing', () => {
    const actions = Array.from({ length: 16_384 }, (_, index) => action(index, 'Create'));
    const text = inOneTurn(reportText(outcome({ plan: planOf(actions), findings: [finding(1)] })));
    expect(text.length).toBeLessThan(1024 * 1024);
    const report = JSON.parse(text);
    expect(report.plan.actions.length + report.plan.omittedActions).toBe(16_384);
    expect(report.plan.actions.length).toBeGreaterThan(0);
    expect(report.findings).toHaveLength(1);
  });

  test.each([
    ['16,384 roles with long names', outcome({ trusted: trustedWith(16_384, 'x'.repeat(200)) })],
    [
      'a verdict of 10 MB',
      outcome({ trustVerified: { reason: 'MetadataRefused', message: 'x'.repeat(1e7) } }),
    ],
    ['a finding of 10 MB', outcome({ findings: [finding(1), { ...finding(2), detail: 'é'.repeat(1e7) }] })],
    [
      'keys that JSON escapes',
      outcome({ plan: planOf([{ ...action(1, 'Create'), key: '\u0001'.repeat(1e6) }]) }),
    ],
    [
      'all of it',
      outcome({
        trusted: trustedWith(16_384, '\u0001'.repeat(200)),
        findings: Array.from({ length: 5000 }, (_, i) => ({ ...finding(i), detail: '😀'.repeat(2000) })),
      }),
    ],
  ])('stays below what a ConfigMap holds with %s', (_what, long) => {
    const text = inOneTurn(reportText(long));
    expect(Buffer.byteLength(text)).toBeLessThan(maxConfigMapBytes);
    const { heads, findings, omittedFindings } = JSON.parse(text);
    expect(findings.length + omittedFindings).toBe(long.findings.length);
    expect(heads.delegated.length + heads.omittedDelegated).toBe(long.trusted?.heads.delegated.size);
  });
});
