import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { settingsOf } from '../../src/faynosync/settings.ts';
import { classify, isComplete } from '../../src/recovery/state/classify.ts';
import {
  keysToObserve,
  markerIn,
  observedStateOf,
  type Surroundings,
  taskRecordSearch,
} from '../../src/recovery/state/observed-state.ts';
import { states } from '../../src/recovery/state/state.ts';
import type { ObservedValue } from '../../src/redis/state-store.ts';
import {
  absent,
  app,
  expected,
  healthyValues,
  list,
  TASK,
  text,
  withValues,
  written,
} from './fixtures/facts.ts';

const OTHER = 'f196a09a-165f-4042-a91d-9ef917c1a830';
const roles = ['nightly'];
const healthy = healthyValues(roles);
const stateWith = (changes: Readonly<Record<string, ObservedValue>>, more = {}) =>
  classify(inOneTurn(observedStateOf(withValues(healthy, changes), expected(roles, more))));
const everySetting = (value: ObservedValue) =>
  Object.fromEntries(settingsOf(app, roles).map(({ key }) => [key, value]));
const marker = (value: string) => ({ BOOTSTRAP_alice_tuf: text(value) });
const task = (state: string, at: Date) =>
  text(JSON.stringify({ state, result: { last_update: at.toISOString() } }));

describe('every state follows from its evidence', () => {
  test.each([
    ['nothing is wrong', {}, 'Healthy'],
    [
      'only ROOT_SIGNING is absent, as a finished root rotation leaves it',
      { ROOT_SIGNING_alice_tuf: absent },
      'Cosmetic',
    ],
    ['only a displayed setting is missing', { ROOT_EXPIRATION_alice_tuf: absent }, 'Cosmetic'],
    ['only a displayed setting is invalid', { TARGETS_THRESHOLD_alice_tuf: text('0') }, 'Cosmetic'],
    ['a setting that signs is missing', { TARGETS_EXPIRATION_alice_tuf: absent }, 'PartialLoss'],
    ['a setting that signs is invalid', { nightly_EXPIRATION_alice_tuf: text('-1') }, 'PartialLoss'],
    ['only the marker is missing', { BOOTSTRAP_alice_tuf: absent }, 'PartialLoss'],
    ['all settings are missing beside a marker', everySetting(absent), 'PartialLoss'],
    [
      'no setting and no marker',
      { ...everySetting(absent), BOOTSTRAP_alice_tuf: absent, ROOT_SIGNING_alice_tuf: absent },
      'FullLoss',
    ],
    ['the marker is blank', marker(''), 'StaleMarker'],
    ['the marker is RECOVERING_ without a lock', marker(`RECOVERING_${OTHER}`), 'StaleMarker'],
    ['the marker is signing-', marker(`signing-${OTHER}`), 'StaleMarker'],
    ['the marker is pre- and nothing lives', marker(`pre-${OTHER}`), 'StaleMarker'],
    ['the lock is held by another task', { RECOVERY_LOCK_alice_tuf: text(OTHER, 1) }, 'Locked'],
    ['the lock is our own', { RECOVERY_LOCK_alice_tuf: text(TASK, 1) }, 'Healthy'],
    ['a key is a list', { SNAPSHOT_EXPIRATION_alice_tuf: list }, 'CorruptType'],
    ['the marker is a list', { BOOTSTRAP_alice_tuf: list }, 'CorruptType'],
    ['the lock is a list', { RECOVERY_LOCK_alice_tuf: list }, 'CorruptType'],
    ['a root ceremony is staged', { ROOT_SIGNING_alice_tuf: text('{}') }, 'Ceremony'],
    ['a role ceremony is staged', { NIGHTLY_SIGNING_alice_tuf: text('{}') }, 'Ceremony'],
    ['a blank ceremony is none', { TARGETS_SIGNING_alice_tuf: text(' ') }, 'Healthy'],
  ] as const)('%s', (_, changes, expected) => {
    expect(stateWith(changes)).toBe(expected);
  });

  test('a key of a wrong type may be replaced when a person says so', () => {
    expect(stateWith({ SNAPSHOT_EXPIRATION_alice_tuf: list }, { replaceWrongType: true })).toBe(
      'PartialLoss',
    );
  });
});

describe('a bootstrap is in progress while it shows life', () => {
  const now = new Date(written.getTime() + 7_200_000);
  const ago = (ms: number) => new Date(now.getTime() - ms);
  const bootstrapping = (more: Readonly<Record<string, ObservedValue>>) =>
    stateWith({ ...marker(`pre-${OTHER}`), ...more });

  test('its task is under way and fresh', () => {
    expect(bootstrapping({ [`task:${OTHER}`]: task('RUNNING', ago(60_000)) })).toBe('InProgress');
  });

  test('it holds its pre-lock and its task is fresh', () => {
    expect(
      bootstrapping({ [`pre-${OTHER}`]: text(OTHER), [`task:${OTHER}`]: task('SUCCESS', ago(60_000)) }),
    ).toBe('InProgress');
  });

  test('half an hour without a sign is dead, unless a person gives it longer', () => {
    const silent = { ...marker(`pre-${OTHER}`), [`task:${OTHER}`]: task('RUNNING', ago(1_800_000)) };
    expect(stateWith(silent)).toBe('StaleMarker');
    expect(stateWith(silent, { staleAfterSeconds: 3_600 })).toBe('InProgress');
  });

  test('its task has ended and its pre-lock is gone', () => {
    expect(bootstrapping({ [`task:${OTHER}`]: task('FAILURE', ago(1_000)) })).toBe('StaleMarker');
  });

  test('without a record a pre-lock is as old as the first root: no bootstrap starts once there is one', () => {
    const locked = { ...marker(`pre-${OTHER}`), [`pre-${OTHER}`]: text(OTHER) };
    expect(stateWith(locked)).toBe('StaleMarker');
    expect(stateWith(locked, { bootstrappedAt: ago(60_000) })).toBe('InProgress');
    expect(stateWith(locked, { bootstrappedAt: undefined })).toBe('InProgress');
  });

  test('a record that cannot be read proves nothing', () => {
    expect(bootstrapping({ [`task:${OTHER}`]: text('broken') })).toBe('StaleMarker');
    expect(bootstrapping({ [`task:${OTHER}`]: list })).toBe('StaleMarker');
  });
});

describe('what an earlier attempt of this task left behind is its own', () => {
  const observed = (changes: Readonly<Record<string, ObservedValue>>, around?: Surroundings) =>
    inOneTurn(observedStateOf(withValues(healthy, changes), expected(roles), around));
  const record = (state: string, name: string) =>
    text(JSON.stringify({ state, result: { task: name, last_update: written.toISOString() } }));

  test.each([
    ['a marker', marker(TASK), { markerIsOurs: true }],
    ['no marker of another task', marker(OTHER), { markerIsOurs: false }],
    ['a lock', { RECOVERY_LOCK_alice_tuf: text(TASK) }, { lockIsOurs: true, lockedBy: undefined }],
    ['a lock of an attempt', { RECOVERY_LOCK_alice_tuf: text(`${TASK}/2`) }, { lockIsOurs: true }],
    [
      'no lock of another task',
      { RECOVERY_LOCK_alice_tuf: text(`${OTHER}/1`) },
      { lockIsOurs: false, lockedBy: OTHER },
    ],
    ['no lock that is a list', { RECOVERY_LOCK_alice_tuf: list }, { lockIsOurs: false, lockedBy: undefined }],
    [
      'a record of success',
      { [`task:${TASK}`]: record('SUCCESS', 'bootstrap_recovery') },
      { recordIsOurs: true },
    ],
    [
      'no record of failure',
      { [`task:${TASK}`]: record('FAILURE', 'bootstrap_recovery') },
      { recordIsOurs: false },
    ],
    [
      'no record of something else',
      { [`task:${TASK}`]: record('SUCCESS', 'bootstrap') },
      { recordIsOurs: false },
    ],
    ['no record that is a list', { [`task:${TASK}`]: list }, { recordIsOurs: false }],
    ['nothing', {}, { markerIsOurs: false, lockIsOurs: false, recordIsOurs: false, lockedBy: undefined }],
  ])('%s', (_, changes, ours) => {
    expect(observed(changes)).toMatchObject(ours);
  });

  test.each([
    ['done', marker(OTHER), true],
    ['of a bootstrap', marker(`pre-${OTHER}`), true],
    ['of something unknown', marker('x'), true],
    ['blank', marker(' '), false],
    ['absent', { BOOTSTRAP_alice_tuf: absent }, false],
    ['a list', { BOOTSTRAP_alice_tuf: list }, false],
  ])('a marker that is %s: the server continued to sign', (_, changes, survives) => {
    expect(observed(changes).loss.markerSurvives).toBe(survives);
  });

  test('records that cannot be read are no evidence of how settings were lost', () => {
    const configured = JSON.stringify({
      state: 'SUCCESS',
      result: {
        task: 'update_settings',
        last_update: written.toISOString(),
        details: { updated_roles: ['targets'] },
      },
    });
    const { loss } = observed({}, { records: ['broken', '{}', configured] });
    expect(loss.configuredBetween('targets', written, written)).toBe(true);
    expect(loss.configuredBetween('snapshot', written, written)).toBe(false);
    expect(loss.signedAfter(written)).toBe(false);
  });

  test('a ceremony is named by its key, and a list is none of root', () => {
    expect(observed({ NIGHTLY_SIGNING_alice_tuf: list, ROOT_SIGNING_alice_tuf: list })).toMatchObject({
      ceremonies: ['NIGHTLY_SIGNING_alice_tuf'],
      corrupt: ['ROOT_SIGNING_alice_tuf'],
    });
  });
});

describe('what a run looks at', () => {
  test('records are searched for while a lifetime that the server signs with is missing', () => {
    expect(taskRecordSearch(expected(roles))).toEqual({
      unlessPresent: [
        'TARGETS_EXPIRATION_alice_tuf',
        'SNAPSHOT_EXPIRATION_alice_tuf',
        'TIMESTAMP_EXPIRATION_alice_tuf',
      ],
      pattern: 'task:*',
      containing: [
        '"update_settings"',
        '"add_artifacts"',
        '"remove_artifacts"',
        '"force_online_metadata_update"',
      ],
    });
  });

  test('a pre- marker adds the keys of the bootstrap it names', () => {
    const keys = keysToObserve(expected(roles), { kind: 'bootstrapping', id: '1' });
    expect(keys).toContain('pre-1');
    expect(keys).toContain('task:1');
    expect(keysToObserve(expected(roles), { kind: 'absent' }).some((key) => key.startsWith('task:'))).toBe(
      false,
    );
  });

  test('no key twice, and only keys of this app', () => {
    const keys = keysToObserve(expected(['a', 'b', 'ROOT_x']), { kind: 'absent' });
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => key.endsWith('_alice_tuf'))).toBe(true);
  });

  test('a marker that is no string names nothing', () => {
    expect(markerIn(new Map([['BOOTSTRAP_alice_tuf', list]]), app)).toEqual({ kind: 'absent' });
    expect(markerIn(new Map(), app)).toEqual({ kind: 'absent' });
  });
});

test('whatever Redis holds, there is a state for it, and Healthy is said only of a complete app', () => {
  const value = fc.oneof(
    fc.constant(absent),
    fc.constant(list),
    fc
      .constantFrom('', ' ', '1', '0', '-5', 'x', 'pre-1', `RECOVERING_${OTHER}`, 'signing-1', TASK)
      .map((held) => text(held)),
    fc.string().map((held) => text(held, 5)),
  );
  const keys = keysToObserve(expected(roles), { kind: 'bootstrapping', id: '1' });
  const values = fc
    .tuple(...keys.map((key) => fc.tuple(fc.constant(key), value)))
    .map((pairs) => new Map(pairs));
  fc.assert(
    fc.property(values, fc.boolean(), (held, replaceWrongType) => {
      const observed = inOneTurn(observedStateOf(held, expected(roles, { replaceWrongType })));
      const state = classify(observed);
      expect(states).toContain(state);
      if (state === 'Healthy') {
        expect(isComplete(observed)).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
