import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { decideAttempt } from '../../src/recovery/decide.ts';
import type { Plan } from '../../src/recovery/plan/plan.ts';
import { planRecovery } from '../../src/recovery/plan/planner.ts';
import { classify } from '../../src/recovery/state/classify.ts';
import { observedStateOf } from '../../src/recovery/state/observed-state.ts';
import type { ObservedValue } from '../../src/redis/state-store.ts';
import {
  absent,
  evidence,
  expected,
  healthyValues,
  lifetimesOf,
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
  from = evidence(trustedFacts()),
) {
  const observed = inOneTurn(observedStateOf(withValues(healthyValues(), changes), expected()));
  const plan = inOneTurn(planRecovery(observed, expected(), from));
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

describe('mode Verify', () => {
  test('counts what a recovery would write, and names the state and who holds the lock', () => {
    const other = { ...lost, SNAPSHOT_EXPIRATION_alice_tuf: text('7', 5) };
    const lockedTo = { RECOVERY_LOCK_alice_tuf: text(OTHER, 5) };
    const verify = (changes: Readonly<Record<string, ObservedValue>>) =>
      decision(changes, { mode: 'Verify' }).decided;
    expect(verify(lost)).toMatchObject({
      ending: { succeeded: { message: 'PartialLoss: a recovery would write 1 key.' } },
      accepted: undefined,
    });
    expect(verify({ ...other, ...lockedTo })).toMatchObject({
      ending: {
        succeeded: {
          reason: 'DriftDetected',
          message: `Locked: a recovery would write 2 keys. Recovery ${OTHER} holds the lock of this app now.`,
        },
      },
      accepted: { reason: 'RecoveryInProgress', blockingTask: OTHER },
    });
    expect(verify({})).toMatchObject({ accepted: { reason: 'NotRequired' } });
  });
});

describe('what forbids a run comes before what makes it needless', () => {
  const bootstrapping = {
    BOOTSTRAP_alice_tuf: text(`pre-${OTHER}`),
    [`task:${OTHER}`]: text(
      JSON.stringify({ state: 'RUNNING', result: { last_update: expected().now.toISOString() } }),
    ),
  };
  const lockedTo = { RECOVERY_LOCK_alice_tuf: text(OTHER, 5) };
  const corrupt = { SNAPSHOT_EXPIRATION_alice_tuf: list };
  const reasonOf = (changes: Readonly<Record<string, ObservedValue>>, mode: 'Verify' | 'Recover') => {
    const { decided } = decision(changes, { mode, approval: { kind: 'Manual' } });
    return decided.kind === 'end' ? decided.ending.succeeded.reason : decided.kind;
  };

  test.each([
    [{ ...corrupt, ...bootstrapping, ...lockedTo }, 'CorruptType', 'CorruptType'],
    [{ ...bootstrapping, ...lockedTo, ...lost }, 'BootstrapInProgress', 'BootstrapInProgress'],
    [{ ...lockedTo, ...lost }, 'wait', 'DriftDetected'],
    [lockedTo, 'wait', 'Verified'],
    [lost, 'AwaitingApproval', 'DriftDetected'],
    [{}, 'AlreadyConsistent', 'Verified'],
  ])('%j: %s, in mode Verify %s', (changes, recovering, verifying) => {
    expect(reasonOf(changes, 'Recover')).toBe(recovering);
    expect(reasonOf(changes, 'Verify')).toBe(verifying);
  });

  test('a key of a wrong type is named, and how many more there are', () => {
    const messageOf = (changes: Readonly<Record<string, ObservedValue>>) => {
      const { decided } = decision(changes);
      return decided.kind === 'end' ? decided.ending.succeeded.message : '';
    };
    expect(messageOf(corrupt)).toMatch(/^SNAPSHOT_EXPIRATION_alice_tuf holds something other/);
    expect(messageOf({ ...corrupt, TARGETS_EXPIRATION_alice_tuf: list })).toMatch(/and 1 key more hold /);
    const three = { ...corrupt, ROOT_SIGNING_alice_tuf: list, BOOTSTRAP_alice_tuf: list };
    expect(messageOf(three)).toMatch(/and 2 keys more hold /);
  });

  test('a run that continues counts what it will write', () => {
    expect(decision({ ...lost, SNAPSHOT_EXPIRATION_alice_tuf: absent }).decided).toMatchObject({
      accepted: { message: expect.stringMatching(/^PartialLoss: 2 of \d+ keys need work\.$/) },
    });
  });
});

describe('uncertain values', () => {
  const unknown = trustedFacts();
  const copied = { ...unknown, targets: { ...unknown.targets, object: undefined } };
  const uncertain = (
    changes: Readonly<Record<string, ObservedValue>>,
    request: Parameters<typeof decision>[1],
  ) => decision(changes, request, false, evidence(copied, { lifetimes: lifetimesOf(copied) }));

  test('are asked about before they are written, with the key and the value', () => {
    const { plan, decided } = uncertain(lost, { uncertainValues: 'Ask' });
    const message = expect.stringMatching(
      /^TARGETS_EXPIRATION_alice_tuf = \d+ is uncertain\. The plan sha256:/,
    );
    expect(decided).toMatchObject({
      kind: 'end',
      ending: { succeeded: { reason: 'AwaitingApproval', message }, retry: 'wait' },
      accepted: { reason: 'RecoveryRequired', message },
    });
    const approval = { kind: 'Automatic', approvedPlan: plan.digest } as const;
    expect(uncertain(lost, { uncertainValues: 'Ask', approval }).decided.kind).toBe('go');
  });

  test('say what they may have been, and how many more there are', () => {
    const observed = inOneTurn(observedStateOf(withValues(healthyValues(), lost), expected()));
    const action = {
      key: 'TARGETS_EXPIRATION_alice_tuf',
      kind: 'Create',
      before: undefined,
      after: '7',
      source: 'Inferred',
      confidence: 'low',
    } as const;
    const doubt = { candidates: ['7', '30'], why: 'the files were copied' };
    const messageOf = (...actions: Plan['actions']) => {
      const decided = decideAttempt({
        state: 'PartialLoss',
        observed,
        plan: { actions, digest: 'sha256:x' },
        owesProof: false,
        request: {
          mode: 'Recover',
          strategy: 'IfNeeded',
          approval: { kind: 'Automatic' },
          uncertainValues: 'Ask',
        },
      });
      return decided.kind === 'end' ? decided.ending.succeeded.message : '';
    };
    const other = { ...action, key: 'SNAPSHOT_EXPIRATION_alice_tuf' };
    expect(messageOf(action)).toMatch(/^TARGETS_EXPIRATION_alice_tuf = 7 is uncertain\. The plan/);
    expect(messageOf({ ...action, doubt }, other, other)).toMatch(
      /^TARGETS_EXPIRATION_alice_tuf = 7 is uncertain, it was 7 or 30, and 2 more are\. The plan/,
    );
  });

  test('are written without a question where none is wanted, and where the server only shows them', () => {
    expect(uncertain(lost, { uncertainValues: 'Apply' }).decided.kind).toBe('go');
    expect(uncertain(lost, {}).decided.kind).toBe('go');
    const certain = { SNAPSHOT_EXPIRATION_alice_tuf: absent };
    expect(uncertain(certain, { uncertainValues: 'Ask' }).decided.kind).toBe('go');
    const shown = { ...unknown, firstRoot: undefined, root: { ...unknown.root, object: undefined } };
    const { plan, decided } = decision(
      { ROOT_EXPIRATION_alice_tuf: absent },
      { uncertainValues: 'Ask' },
      false,
      evidence(shown, { lifetimes: lifetimesOf(shown) }),
    );
    expect(plan.actions.filter(({ confidence }) => confidence === 'low')).toHaveLength(1);
    expect(decided.kind).toBe('go');
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
