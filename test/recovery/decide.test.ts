import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { decideAttempt } from '../../src/recovery/decide.ts';
import { planRecovery } from '../../src/recovery/plan/planner.ts';
import { classify } from '../../src/recovery/state/classify.ts';
import { observedStateOf } from '../../src/recovery/state/observed-state.ts';
import type { ObservedValue } from '../../src/redis/state-store.ts';
import {
  absent,
  evidence,
  expected,
  healthyValues,
  list,
  text,
  trustedFacts,
  withValues,
} from './fixtures/facts.ts';

const OTHER = 'f196a09a-165f-4042-a91d-9ef917c1a830';

function decision(
  changes: Readonly<Record<string, ObservedValue>>,
  request: Partial<Parameters<typeof decideAttempt>[0]['request']> = {},
  owesProof = false,
) {
  const observed = inOneTurn(observedStateOf(withValues(healthyValues(), changes), expected()));
  const plan = inOneTurn(planRecovery(observed, expected(), evidence(trustedFacts())));
  const defaults = { mode: 'Recover', strategy: 'IfNeeded', approval: { kind: 'Automatic' } } as const;
  return {
    plan,
    decided: decideAttempt({
      state: classify(observed),
      observed,
      plan,
      owesProof,
      request: { ...defaults, ...request },
    }),
  };
}

const lost = { TARGETS_EXPIRATION_alice_tuf: absent };

describe('a run', () => {
  test('continues when something is lost', () => {
    expect(decision(lost).decided).toMatchObject({ kind: 'go', accepted: { reason: 'RecoveryRequired' } });
  });

  test('ends when nothing is lost', () => {
    expect(decision({}).decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'AlreadyConsistent' }, retry: 'none' },
      accepted: { reason: 'NotRequired' },
    });
  });

  test('with strategy Always goes through the proof even when nothing is lost', () => {
    expect(decision({}, { strategy: 'Always' }).decided).toMatchObject({ kind: 'go' });
  });

  test('goes through the proof when an earlier attempt of its own may have written', () => {
    expect(decision({}, {}, true).decided).toMatchObject({ kind: 'go' });
  });

  test('continues for a setting that would expire', () => {
    expect(decision({ TARGETS_EXPIRATION_alice_tuf: text('7', 5) }).decided).toMatchObject({ kind: 'go' });
  });
});

describe('a run stops', () => {
  test('before a key of a wrong type, naming it', () => {
    const { decided } = decision({ ROOT_SIGNING_alice_tuf: list });
    expect(decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'CorruptType' } },
      accepted: { reason: 'Denied' },
    });
    expect(JSON.stringify(decided)).toContain('ROOT_SIGNING_alice_tuf');
  });

  test('before a running bootstrap, naming it as the server does', () => {
    const record = JSON.stringify({
      state: 'RUNNING',
      result: { last_update: expected().now.toISOString() },
    });
    const { decided } = decision({
      BOOTSTRAP_alice_tuf: text(`pre-${OTHER}`),
      [`task:${OTHER}`]: text(record),
    });
    expect(decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'BootstrapInProgress' } },
      accepted: {
        reason: 'BootstrapInProgress',
        message: `Bootstrap already in progress for this admin and app (task_id=${OTHER}).`,
      },
    });
  });

  test('and waits for the lock of another owner, naming the holder', () => {
    const { decided } = decision({ ...lost, RECOVERY_LOCK_alice_tuf: text(OTHER, 5) });
    expect(decided).toMatchObject({ kind: 'wait', accepted: { reason: 'RecoveryInProgress' } });
    expect(JSON.stringify(decided)).toContain(OTHER);
  });
});

describe('mode Verify never continues', () => {
  test('and says when something is lost', () => {
    const always = decision(lost, { mode: 'Verify', strategy: 'Always' }, true).decided;
    expect(always).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'DriftDetected' }, retry: 'none' },
    });
  });

  test('and says when nothing is lost', () => {
    expect(decision({}, { mode: 'Verify' }).decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'Verified' } },
    });
  });
});

describe('approval Manual', () => {
  test('waits until a person approves', () => {
    expect(decision(lost, { approval: { kind: 'Manual' } }).decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'AwaitingApproval' }, retry: 'wait' },
      accepted: { reason: 'RecoveryRequired' },
    });
  });

  test('continues with exactly the plan that was approved', () => {
    const { plan } = decision(lost);
    expect(decision(lost, { approval: { kind: 'Manual', approvedPlan: plan.digest } }).decided).toMatchObject(
      { kind: 'go' },
    );
  });

  test('waits again when the plan is another one by now', () => {
    const { plan } = decision(lost);
    const more = { ...lost, SNAPSHOT_EXPIRATION_alice_tuf: absent };
    const { decided } = decision(more, { approval: { kind: 'Manual', approvedPlan: plan.digest } });
    expect(decided).toMatchObject({ kind: 'end', ending: { succeeded: { reason: 'AwaitingApproval' } } });
    expect(JSON.stringify(decided)).toContain('has changed since');
  });

  test('is not asked for when nothing would be written', () => {
    expect(decision({}, { approval: { kind: 'Manual' } }).decided).toMatchObject({
      ending: { succeeded: { reason: 'AlreadyConsistent' } },
    });
  });
});
