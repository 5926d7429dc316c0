import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { lackOfProof, tooFewReplicas } from '../../src/recovery/confirm.ts';
import { changesOf } from '../../src/recovery/plan/changes.ts';
import { digestOf } from '../../src/recovery/plan/digest.ts';
import type { Action } from '../../src/recovery/plan/plan.ts';
import { isEmpty, planRecovery } from '../../src/recovery/plan/planner.ts';
import type { Evidence } from '../../src/recovery/plan/sources.ts';
import { isComplete } from '../../src/recovery/state/classify.ts';
import { keysToObserve, observedStateOf } from '../../src/recovery/state/observed-state.ts';
import type { ObservedValue, ObservedValues } from '../../src/redis/state-store.ts';
import {
  absent,
  evidence,
  expected,
  healthyValues,
  list,
  rotatedRoot,
  TASK,
  text,
  trustedFacts,
  withValues,
} from './fixtures/facts.ts';

const roles = ['nightly', 'Beta-Channel', '__proto__'];
const asked = expected(roles, { replaceWrongType: true });
const known = evidence(trustedFacts(roles));
const planFor = (values: ObservedValues, from: Evidence = known) =>
  inOneTurn(planRecovery(inOneTurn(observedStateOf(values, asked)), asked, from));
const healthy = healthyValues(roles);
const rootSigning = 'ROOT_SIGNING_alice_tuf';

/** What an action must find to be carried out, by what was there when it was planned. */
function beforeOf(held: ObservedValue): Action['before'] {
  switch (held.kind) {
    case 'absent':
      return undefined;
    case 'wrongType':
      return { wrongType: held.type };
    case 'string':
      return { value: held.value };
  }
}

/** Redis once the plan was carried out. */
function carriedOut(values: ObservedValues): ObservedValues {
  const after = new Map(values);
  for (const { key, after: value } of planFor(values).actions) {
    after.set(key, value === undefined ? absent : text(value));
  }
  return after;
}

const anyValue: fc.Arbitrary<ObservedValue> = fc.oneof(
  fc.constant(absent),
  fc.constant(list),
  fc.constantFrom('', '1', '7', '0', '-5', 'x', 'pre-9', TASK, '{"signed":{}}').map((value) => text(value)),
  fc.constantFrom('1', '7').map((value) => text(value, 60_000)),
);
const keys = keysToObserve(asked, { kind: 'bootstrapping', id: '9' });
const anyRedis = fc
  .tuple(...keys.map((key) => fc.tuple(fc.constant(key), anyValue)))
  .map((pairs) => new Map<string, ObservedValue>(pairs));

describe('whatever Redis holds', () => {
  test('the same facts give the same plan and digest, in whatever order they were read', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        const plan = planFor(values);
        expect(planFor(new Map([...values].reverse()))).toEqual(plan);
        expect(plan.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      }),
    );
  });

  test('a survivor is never written: what is valid stays, at most without its TTL', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        const observed = inOneTurn(observedStateOf(values, asked));
        const plan = inOneTurn(planRecovery(observed, asked, known));
        for (const { setting, held, condition } of observed.settings) {
          const action = plan.actions.find(({ key }) => key === setting.key);
          if (condition !== 'valid' || held.kind !== 'string') {
            continue;
          }
          expect(action).toMatchObject({
            kind: held.ttlMs === undefined ? 'Keep' : 'Persist',
            after: held.value,
            source: 'Survivor',
          });
        }
      }),
    );
  });

  test('a staged ceremony is in no plan', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        const observed = inOneTurn(observedStateOf(values, asked));
        const touched = new Set(
          inOneTurn(planRecovery(observed, asked, known)).actions.map(({ key }) => key),
        );
        for (const key of observed.ceremonies) {
          expect(touched.has(key)).toBe(false);
        }
      }),
    );
  });

  test('carried out, it leaves nothing to do', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        const after = carriedOut(values);
        expect(isEmpty(planFor(after))).toBe(true);
        expect(isComplete(inOneTurn(observedStateOf(after, asked)))).toBe(true);
      }),
    );
  });

  const proofOf = (values: ObservedValues, readBack: ObservedValues) =>
    inOneTurn(
      lackOfProof({
        plan: planFor(values),
        readBack,
        observed: inOneTurn(observedStateOf(readBack, asked)),
      }),
    )?.succeeded;

  test('carried out, it is proven by what is read back, and by nothing else', () => {
    const others = fc.constantFrom<ObservedValue>(absent, list, text('pre-9'), text('8'));
    fc.assert(
      fc.property(anyRedis, fc.nat(), others, (values, index, other) => {
        const after = carriedOut(values);
        expect(proofOf(values, after)).toBeUndefined();
        const { actions } = planFor(values);
        const written = actions.filter(({ kind }) => kind !== 'Keep');
        const action = written[index % written.length];
        if (action === undefined) {
          return;
        }
        const { key, kind, after: value } = action;
        const broken = kind === 'Delete' && other.kind === 'absent' ? text('9') : other;
        for (const held of value === undefined ? [broken] : [broken, text(value, 5_000)]) {
          expect(proofOf(values, new Map([...after, [key, held]]))).toEqual({
            reason: 'PostVerificationFailed',
            message: expect.stringMatching(new RegExp(`^${key} did not hold what was written`)),
          });
        }
      }),
    );
  });

  test('a pre-lock that was to be deleted is proven gone, also where it was not looked for', () => {
    const values = withValues(healthy, { BOOTSTRAP_alice_tuf: text('pre-9'), 'pre-9': text('9') });
    expect(planFor(values).actions).toContainEqual(expect.objectContaining({ key: 'pre-9', kind: 'Delete' }));
    const after = new Map(carriedOut(values));
    expect(after.get('pre-9')).toEqual(absent);
    expect(proofOf(values, after)).toBeUndefined();
    after.delete('pre-9');
    expect(proofOf(values, after)).toBeUndefined();
    for (const held of [text('9'), text(''), list]) {
      expect(proofOf(values, new Map([...after, ['pre-9', held]]))).toMatchObject({
        message: expect.stringMatching(/^pre-9 did not hold/),
      });
    }
  });

  test('a key that was written and is not read back proves nothing', () => {
    const key = 'TARGETS_EXPIRATION_alice_tuf';
    const values = withValues(healthy, { [key]: absent });
    const after = new Map(carriedOut(values));
    after.delete(key);
    expect(proofOf(values, after)).toMatchObject({ message: expect.stringMatching(/^TARGETS_EXPIRATION/) });
  });

  test('a kept value may be changed by another before it is read back, to one that can be used', () => {
    const key = 'TARGETS_EXPIRATION_alice_tuf';
    const proofWith = (held: ObservedValue) => proofOf(healthy, withValues(healthy, { [key]: held }));
    expect(proofWith(text('8'))).toBeUndefined();
    for (const held of [absent, list, text('x')]) {
      expect(proofWith(held)).toMatchObject({
        reason: 'PostVerificationFailed',
        message: expect.stringContaining('missing or invalid'),
      });
    }
  });

  test.each([
    [0, 0, undefined],
    [2, 2, undefined],
    [3, 2, undefined],
    [1, 2, '1 of 2 replicas confirmed the write in time.'],
  ])('%i replicas of %i wanted: %s', (confirmed, wanted, message) => {
    const ending = tooFewReplicas(confirmed, wanted);
    expect(ending?.retry).toBe(message && 'none');
    expect(ending?.succeeded).toEqual(
      message && { reason: 'PostVerificationFailed', message: expect.stringContaining(message) },
    );
  });

  test('each action is bound to what its key held, and called by what it does to it', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        for (const { key, kind, before, after } of planFor(values).actions) {
          const held = values.get(key) ?? absent;
          expect([key, before]).toStrictEqual([key, beforeOf(held)]);
          const isKept = held.kind === 'string' && held.value === after;
          const keeping = held.kind === 'string' && held.ttlMs !== undefined ? 'Persist' : 'Keep';
          const changing = held.kind === 'absent' ? 'Create' : after === undefined ? 'Delete' : 'Replace';
          expect([key, kind]).toEqual([key, isKept ? keeping : changing]);
        }
      }),
    );
  });

  test('actions are sorted by key, each key once, and the marker is written last', () => {
    fc.assert(
      fc.property(anyRedis, (values) => {
        const plan = planFor(values);
        const names = plan.actions.map(({ key }) => key);
        expect(names).toEqual(
          [...new Set(names)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
        expect(changesOf(plan, 'BOOTSTRAP_alice_tuf').at(-1)?.key).toBe('BOOTSTRAP_alice_tuf');
      }),
    );
  });
});

describe('the digest names exactly one plan', () => {
  const action = {
    key: 'k',
    kind: 'Replace',
    before: { value: '1' },
    after: '2',
    source: 'Inferred',
    confidence: 'high',
  } as const;
  const digest = inOneTurn(digestOf([action]));

  test.each([
    ['key', { key: 'l' }],
    ['kind', { kind: 'Create' }],
    ['before', { before: { value: '3' } }],
    ['what was no string before', { before: { wrongType: '1' } }],
    ['what was absent before', { before: undefined }],
    ['after', { after: '3' }],
    ['source', { source: 'Remaining' }],
  ] as const)('another %s, another digest', (_, change) => {
    expect(inOneTurn(digestOf([{ ...action, ...change }]))).not.toBe(digest);
  });

  // Plans that people have approved are known by it: how it is computed may change, what it is may not.
  test.each([undefined, 'redis "0"/bucket/\u2028\ud800'])(
    'it is the sha256 of JSON, at the place %j',
    (place) => {
      const odd = { ...action, key: '"\\\ud83d\ude00\ud800', before: { wrongType: 'list' } } as const;
      const deleted = { ...action, before: undefined, after: undefined } as const;
      const writes = JSON.stringify([
        ['k', 'Replace', ['value', '1'], '2', 'Inferred'],
        [odd.key, 'Replace', ['type', 'list'], '2', 'Inferred'],
        ['k', 'Replace', null, null, 'Inferred'],
      ]);
      const text = place === undefined ? writes : JSON.stringify([place, writes]);
      expect(inOneTurn(digestOf([action, odd, deleted], place))).toBe(
        `sha256:${createHash('sha256').update(text).digest('hex')}`,
      );
    },
  );

  test('a plan with the same writes over another survivor is another plan', () => {
    const lost = { BOOTSTRAP_alice_tuf: absent };
    const one = planFor(withValues(healthyValues(roles), lost));
    const two = planFor(
      withValues(healthyValues(roles), { ...lost, TARGETS_EXPIRATION_alice_tuf: text('8') }),
    );
    expect(one.digest).not.toBe(two.digest);
  });
});

test('what is written: deletions, then settings in their order, then the marker', () => {
  const action = { before: undefined, source: 'Default', confidence: 'exact' } as const;
  const plan = {
    digest: '',
    actions: [
      { ...action, key: 'BOOTSTRAP_alice_tuf', kind: 'Create', after: TASK },
      { ...action, key: 'b', kind: 'Replace', before: { wrongType: 'list' }, after: '2' },
      { ...action, key: 'pre-9', kind: 'Delete', before: { value: '9' }, after: undefined },
      { ...action, key: 'a', kind: 'Keep', before: { value: '1' }, after: '1' },
      { ...action, key: 'c', kind: 'Persist', before: { value: '3' }, after: '3' },
    ],
  } as const;
  expect(changesOf(plan, 'BOOTSTRAP_alice_tuf')).toEqual([
    { key: 'pre-9', before: { value: '9' }, act: 'delete' },
    { key: 'b', before: { wrongType: 'list' }, act: { set: '2' } },
    { key: 'a', before: { value: '1' }, act: 'keep' },
    { key: 'c', before: { value: '3' }, act: 'persist' },
    { key: 'BOOTSTRAP_alice_tuf', before: undefined, act: { set: TASK } },
  ]);
});

describe('the marker and what belongs to it', () => {
  test('a marker that survives is kept, and an absent ROOT_SIGNING is left absent beside it', () => {
    const plan = planFor(withValues(healthyValues(roles), { ROOT_SIGNING_alice_tuf: absent }));
    expect(isEmpty(plan)).toBe(true);
    expect(plan.actions.map(({ key }) => key)).not.toContain('ROOT_SIGNING_alice_tuf');
  });

  const lostSetting = { TARGETS_EXPIRATION_alice_tuf: absent };
  const rotated = evidence({ ...trustedFacts(roles), root: rotatedRoot(2) });
  const blank = { kind: 'Create', before: undefined, after: '', source: 'Default' };
  test.each<[string, Readonly<Record<string, ObservedValue>>, object | undefined, Evidence?]>([
    ['absent with a setting, under a root that was never rotated', lostSetting, blank],
    ['absent with a setting, under a root that was rotated', lostSetting, undefined, rotated],
    ['absent with the marker', { BOOTSTRAP_alice_tuf: absent }, blank],
    [
      'absent with the marker, under a root that was rotated',
      { BOOTSTRAP_alice_tuf: absent },
      blank,
      rotated,
    ],
    ['a list', { [rootSigning]: list }, { kind: 'Replace', before: { wrongType: 'list' }, after: '' }],
    ['empty', { [rootSigning]: text('') }, { kind: 'Keep', after: '' }],
    ['empty and expiring', { [rootSigning]: text('', 1_000) }, { kind: 'Persist', after: '' }],
    ['white space', { [rootSigning]: text(' ') }, { kind: 'Keep', after: ' ' }],
    ['staged metadata', { [rootSigning]: text('{}') }, undefined],
  ])('ROOT_SIGNING is %s', (_, changes, expected, from = known) => {
    const values = withValues(healthy, { [rootSigning]: absent, ...changes });
    const action = planFor(values, from).actions.find(({ key }) => key === rootSigning);
    expect(action).toEqual(expected && expect.objectContaining(expected));
  });

  test('a marker that expires is kept from expiring', () => {
    const plan = planFor(withValues(healthyValues(roles), { BOOTSTRAP_alice_tuf: text('done', 1_000) }));
    expect(plan.actions.filter(({ kind }) => kind !== 'Keep')).toMatchObject([
      { key: 'BOOTSTRAP_alice_tuf', kind: 'Persist', after: 'done' },
    ]);
  });

  test("a dead bootstrap's pre-lock goes with its marker", () => {
    const plan = planFor(
      withValues(healthyValues(roles), { BOOTSTRAP_alice_tuf: text('pre-9'), 'pre-9': text('9') }),
    );
    expect(plan.actions.filter(({ kind }) => kind !== 'Keep')).toMatchObject([
      { key: 'BOOTSTRAP_alice_tuf', kind: 'Replace', before: { value: 'pre-9' }, after: TASK },
      { key: 'pre-9', kind: 'Delete', before: { value: '9' }, after: undefined },
    ]);
    expect(changesOf(plan, 'BOOTSTRAP_alice_tuf')[0]).toEqual({
      key: 'pre-9',
      before: { value: '9' },
      act: 'delete',
    });
  });

  test('a dead bootstrap whose pre-lock is gone leaves nothing to delete', () => {
    const plan = planFor(withValues(healthy, { BOOTSTRAP_alice_tuf: text('pre-9') }));
    expect(plan.actions.map(({ key }) => key)).not.toContain('pre-9');
    expect(isEmpty(plan)).toBe(false);
  });
});

describe('a lost value', () => {
  const lost = withValues(healthy, { SNAPSHOT_EXPIRATION_alice_tuf: absent });
  const planned = (from: Evidence) =>
    planFor(lost, from).actions.find(({ key }) => key === 'SNAPSHOT_EXPIRATION_alice_tuf');

  test('comes with the doubt about it, or with none', () => {
    expect(planned(known)).not.toHaveProperty('doubt');
    const { snapshot } = trustedFacts(roles);
    const copied = { name: '1.snapshot.json', size: 1, lastModified: new Date('2026-01-03T05:00:00Z') };
    const uncertain = evidence({ ...trustedFacts(roles), snapshot: { ...snapshot, object: copied } });
    expect(planned(uncertain)).toMatchObject({
      kind: 'Create',
      after: '12',
      confidence: 'low',
      doubt: { candidates: ['12', 'unknown'] },
    });
  });

  test('that no source knows ends the plan with an error that names it', () => {
    const { firstRoot = rotatedRoot(0) } = trustedFacts(roles);
    const unusable = { ...firstRoot, roles: { ...firstRoot.roles, root: { threshold: 0, keyids: [] } } };
    const values = withValues(healthy, { ROOT_THRESHOLD_alice_tuf: absent });
    expect(() => planFor(values, evidence({ ...trustedFacts(roles), firstRoot: unusable }))).toThrow(
      'No source has a valid value for ROOT_THRESHOLD_alice_tuf.',
    );
  });
});
