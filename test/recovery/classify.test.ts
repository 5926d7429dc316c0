import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { settingsOf } from '../../src/faynosync/settings.ts';
import { classify, isComplete } from '../../src/recovery/state/classify.ts';
import {
  bootstrapLiveness,
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

  test('what stops a run comes before what it would do', () => {
    const found: Record<string, Readonly<Record<string, ObservedValue>>> = {
      CorruptType: { SNAPSHOT_EXPIRATION_alice_tuf: list },
      InProgress: {
        [`pre-${OTHER}`]: text(OTHER),
        [`task:${OTHER}`]: text('{"state":"RUNNING"}', 86_400_000),
      },
      Locked: { RECOVERY_LOCK_alice_tuf: text(OTHER) },
      Ceremony: { ROOT_SIGNING_alice_tuf: text('{}') },
      StaleMarker: marker(`pre-${OTHER}`),
    };
    const inOrder = Object.keys(found);
    for (const [index, state] of inOrder.entries()) {
      // The pre-lock of a bootstrap counts beside the marker that names it alone.
      const facts = inOrder.slice(index).map((name) => found[name]);
      expect(stateWith(Object.assign({}, ...facts))).toBe(state);
    }
  });

  test('without a marker, a setting that is there and cannot be used is no full loss', () => {
    const held = { ...everySetting(text('x')), BOOTSTRAP_alice_tuf: absent };
    expect(stateWith(held)).toBe('PartialLoss');
    expect(stateWith({ ...everySetting(absent), ...held, ROOT_EXPIRATION_alice_tuf: absent })).toBe(
      'PartialLoss',
    );
  });

  test('every key of a wrong type is named, and none when they may be replaced', () => {
    const changes = {
      BOOTSTRAP_alice_tuf: list,
      ROOT_SIGNING_alice_tuf: list,
      RECOVERY_LOCK_alice_tuf: list,
      TARGETS_EXPIRATION_alice_tuf: list,
      nightly_EXPIRATION_alice_tuf: list,
    };
    const corrupt = (more = {}) =>
      inOneTurn(observedStateOf(withValues(healthy, changes), expected(roles, more))).corrupt;
    expect(corrupt().toSorted()).toEqual(Object.keys(changes).sort());
    expect(corrupt({ replaceWrongType: true })).toEqual([]);
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

  test('a marker that names a finished task names no bootstrap, whatever keys are there', () => {
    const keys = { [`pre-${OTHER}`]: text(OTHER), [`task:${OTHER}`]: task('RUNNING', ago(0)) };
    expect(stateWith({ ...marker(OTHER), ...keys })).toBe('Healthy');
    expect(stateWith({ ...marker(`signing-${OTHER}`), ...keys })).toBe('StaleMarker');
  });

  test('by the clock of Redis, and by that of the run when Redis does not say', () => {
    const values = withValues(healthy, {
      ...marker(`pre-${OTHER}`),
      [`task:${OTHER}`]: task('RUNNING', ago(60_000)),
    });
    const alive = (around?: Surroundings) =>
      inOneTurn(observedStateOf(values, expected(roles), around)).bootstrap?.alive;
    expect(alive()).toBe(true);
    expect(alive({ time: undefined })).toBe(true);
    expect(alive({ time: new Date(now.getTime() + 1_739_999) })).toBe(true);
    expect(alive({ time: new Date(now.getTime() + 1_740_000) })).toBe(false);
  });

  describe('by the signs of life that there are', () => {
    const DAY = 86_400_000;
    const held = { preLock: text(OTHER), wrongLock: list, none: absent };
    const record = (state: string, silentMs?: number, leftMs?: number) =>
      text(
        JSON.stringify({
          state,
          result: { ...(silentMs !== undefined && { last_update: ago(silentMs).toISOString() }) },
        }),
        leftMs,
      );
    const STALE = 1_800_000;

    test.each<[string, keyof typeof held, ObservedValue, Date | undefined, boolean]>([
      ['none', 'none', absent, ago(0), false],
      ['a pre-lock, and a root that is new', 'preLock', absent, ago(STALE - 1), true],
      ['a pre-lock, and a root that is old', 'preLock', absent, ago(STALE), false],
      ['a pre-lock of a wrong type', 'wrongLock', absent, ago(0), true],
      ['a pre-lock alone', 'preLock', absent, undefined, true],
      ['a record that was just written', 'none', record('RUNNING', undefined, DAY), undefined, true],
      ['the time a record has left', 'none', record('RUNNING', undefined, DAY - STALE + 1), undefined, true],
      ['too little of it', 'none', record('RUNNING', undefined, DAY - STALE), undefined, false],
      ['much of it, whatever the record says', 'none', record('RUNNING', STALE, DAY), ago(STALE), true],
      ['little of it, whatever the record says', 'none', record('RUNNING', 0, DAY - STALE), ago(0), false],
      [
        'more than the server gives: what the record says',
        'none',
        record('RUNNING', 0, DAY + 1),
        ago(STALE),
        true,
      ],
      ['the same, long ago', 'none', record('RUNNING', STALE, DAY + 1), ago(0), false],
      ['no limit: what the record says', 'none', record('RUNNING', STALE - 1), ago(STALE), true],
      ['the same, long ago', 'none', record('RUNNING', STALE), ago(0), false],
      ['a record without a time, and a new root', 'none', record('RUNNING'), ago(0), true],
      ['a record without a time, and an old root', 'none', record('RUNNING'), ago(STALE), false],
      ['a record without a time', 'none', record('RUNNING'), undefined, true],
      ['a record of an end', 'none', record('SUCCESS', 0, DAY), ago(0), false],
      ['a record of an end, and a pre-lock', 'preLock', record('FAILURE', 0, 1), ago(STALE), true],
      ['a record of an old end, and a pre-lock', 'preLock', record('FAILURE', STALE, DAY), ago(0), false],
      ['a record that cannot be read, and a pre-lock', 'preLock', text('x', DAY), ago(STALE), false],
      ['a record of a wrong type, and a pre-lock', 'preLock', list, ago(0), true],
    ])('%s', (_, lock, taskRecord, bootstrappedAt, alive) => {
      const values = new Map([
        [`pre-${OTHER}`, held[lock]],
        [`task:${OTHER}`, taskRecord],
      ]);
      const options = { staleAfterSeconds: STALE / 1_000, bootstrappedAt };
      expect(bootstrapLiveness(OTHER, (key) => values.get(key) ?? absent, options, now)).toEqual({
        id: OTHER,
        alive,
        preLock: held[lock],
      });
    });
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
    ['no marker of a bootstrap', marker(`pre-${TASK}`), { markerIsOurs: false }],
    ['no marker of a recovery under way', marker(`RECOVERING_${TASK}`), { markerIsOurs: false }],
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

  test('is the marker, the lock, every setting and every place of a ceremony', () => {
    const names = [
      ...['BOOTSTRAP', 'RECOVERY_LOCK', 'TARGETS_ONLINE_KEY', 'nightly_EXPIRATION'],
      ...['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].flatMap((role) => [
        ...[`${role}_EXPIRATION`, `${role}_THRESHOLD`, `${role}_NUM_KEYS`],
      ]),
      ...['ROOT', 'TARGETS', 'NIGHTLY'].map((role) => `${role}_SIGNING`),
    ];
    const keys = keysToObserve(expected(roles), { kind: 'absent' });
    expect(keys.toSorted()).toEqual(names.map((name) => `${name}_alice_tuf`).sort());
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
