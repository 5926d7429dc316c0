import { describe, expect, test } from 'vitest';
import { lifetimeRules } from '../../src/faynosync/lifetimes.ts';
import { type Setting, settingsOf } from '../../src/faynosync/settings.ts';
import { LossCircumstances } from '../../src/recovery/plan/loss-circumstances.ts';
import { type Evidence, historyWanted, rebuild as rebuildFrom } from '../../src/recovery/plan/sources.ts';
import { delegatedKey, Uploads } from '../../src/recovery/plan/uploads.ts';
import {
  app,
  DAY_MS,
  evidence,
  lifetimesOf,
  listingOf,
  rotatedRoot,
  trustedFacts,
  written,
} from './fixtures/facts.ts';

/** After an ordinary total loss. */
const rebuild = (lost: Setting, known: Evidence) =>
  rebuildFrom(lost, known, new LossCircumstances(false, []));
const key = (name: string): string => `${name}_alice_tuf`;

function setting(name: string, delegated: readonly string[] = []) {
  const found = settingsOf(app, delegated).find((candidate) => candidate.key === key(name));
  if (found === undefined) {
    throw new Error(`There is no setting ${name}.`);
  }
  return found;
}

describe('the best source that knows a valid value wins', () => {
  const trusted = trustedFacts(['nightly']);
  const capture = (at: Date, days: string) => ({
    capturedAt: at,
    values: new Map([
      [key('TARGETS_EXPIRATION'), days],
      [key('nightly_EXPIRATION'), days],
    ]),
  });
  const afterwards = new Date(written.getTime() + 60_000);
  const before = new Date(written.getTime() - 60_000);

  test('an override of a person comes first', () => {
    const rebuilt = rebuild(
      setting('TARGETS_EXPIRATION'),
      evidence(trusted, {
        overrides: { expirations: { targets: 11 } },
        captured: capture(afterwards, '33'),
      }),
    );
    expect(rebuilt).toEqual({ value: '11', source: 'Override', confidence: 'exact' });
  });

  test('an override for a delegated role is found by its name in original case', () => {
    const overrides = { expirations: { roles: new Map([['nightly', 5]]) } };
    expect(
      rebuild(setting('nightly_EXPIRATION', ['nightly']), evidence(trusted, { overrides })),
    ).toMatchObject({ value: '5', source: 'Override' });
  });

  test('an override counts for its own setting alone', () => {
    const names = ['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP', 'nightly'];
    const sources = (overrides: Evidence['overrides']) =>
      names.map((name) => {
        const known = evidence(trusted, { overrides });
        return rebuild(setting(`${name}_EXPIRATION`, ['nightly']), known)?.source;
      });
    const except = (index: number) => names.map((_, i) => (i === index ? 'Override' : 'Inferred'));
    expect(sources({})).toEqual(except(-1));
    expect(sources({ expirations: {} })).toEqual(except(-1));
    expect(sources({ expirations: { root: 3 } })).toEqual(except(0));
    expect(sources({ expirations: { targets: 3 } })).toEqual(except(1));
    expect(sources({ expirations: { snapshot: 3 } })).toEqual(except(2));
    expect(sources({ expirations: { timestamp: 3 } })).toEqual(except(3));
    expect(sources({ expirations: { roles: new Map([['nightly', 3]]) } })).toEqual(except(4));
    expect(sources({ expirations: { roles: new Map([['targets', 3]]) } })).toEqual(except(-1));
  });

  test('an override that the server could not use is passed over', () => {
    const rebuilt = rebuild(
      setting('TARGETS_EXPIRATION'),
      evidence(trusted, { overrides: { expirations: { targets: 0 } } }),
    );
    expect(rebuilt).toEqual({ value: '90', source: 'Inferred', confidence: 'high' });
  });

  test('a lifetime that the server signs with is judged by its rules, and only that of root by nearness', () => {
    const signed = (ms: number) => ({ expires: new Date(written.getTime() + ms) });
    const twoHoursMore = { ...trusted, targets: { ...trusted.targets, ...signed(90 * DAY_MS + 7_200_000) } };
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(twoHoursMore))).toMatchObject({
      value: '91',
      source: 'Inferred',
      confidence: 'low',
      doubt: { candidates: ['91', 'unknown'] },
    });
    const [nightly] = trusted.delegated;
    const delegated = nightly ? [{ ...nightly, ...signed(365 * DAY_MS) }] : [];
    const known = evidence({ ...trusted, delegated });
    expect(rebuild(setting('nightly_EXPIRATION', ['nightly']), known)).toEqual({
      value: '90',
      source: 'Inferred',
      confidence: 'medium',
    });
  });

  test('a capture from after the last signing is exact', () => {
    expect(
      rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { captured: capture(afterwards, '33') })),
    ).toEqual({ value: '33', source: 'Captured', confidence: 'exact' });
  });

  test('a capture beside the very timestamp that is there now is exact, whatever the clocks say', () => {
    const captured = { ...capture(before, '33'), timestampSHA256: trusted.timestamp.sha256 };
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { captured }))).toEqual({
      value: '33',
      source: 'Captured',
      confidence: 'exact',
    });
  });

  test('a capture from before the last signing gives way to newer metadata that proves a change', () => {
    expect(
      rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { captured: capture(before, '33') })),
    ).toEqual({ value: '90', source: 'Inferred', confidence: 'high' });
  });

  test('a capture from before is still better than the days left, when nothing can be inferred', () => {
    const copied = {
      ...trusted.targets,
      object: { name: '1.targets.json', size: 1, lastModified: new Date(written.getTime() + 12 * 3_600_000) },
    };
    const restored = { ...trusted, targets: copied };
    expect(
      rebuild(
        setting('TARGETS_EXPIRATION'),
        evidence(restored, { lifetimes: lifetimesOf(restored, []), captured: capture(before, '33') }),
      ),
    ).toEqual({ value: '33', source: 'Captured', confidence: 'medium' });
  });

  test.each([
    [0, 'Captured'],
    [-1, 'Inferred'],
  ])('a capture %i ms after the last signing: %s', (ms, source) => {
    const captured = capture(new Date(written.getTime() + ms), '33');
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { captured }))).toMatchObject({ source });
  });

  test('a capture from before the last signing that says the same is exact', () => {
    const captured = capture(before, '90');
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { captured }))).toEqual({
      value: '90',
      source: 'Captured',
      confidence: 'exact',
    });
  });

  test('a capture of what no file shows is exact, and never one of what a root shows', () => {
    const values = new Map([
      [key('TARGETS_ONLINE_KEY'), '0'],
      [key('ROOT_THRESHOLD'), '9'],
      [key('TARGETS_EXPIRATION'), '33'],
    ]);
    const captured = { capturedAt: before, values };
    expect(rebuild(setting('TARGETS_ONLINE_KEY'), evidence(trusted, { captured }))).toEqual({
      value: '0',
      source: 'Captured',
      confidence: 'exact',
    });
    expect(rebuild(setting('ROOT_THRESHOLD'), evidence(trusted, { captured }))).toMatchObject({
      value: '2',
      source: 'Metadata',
    });
    const unlisted = { ...trusted, targets: { ...trusted.targets, object: undefined } };
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(unlisted, { captured }))).toMatchObject({
      value: '33',
      confidence: 'exact',
    });
  });

  describe('a capture from before a signing with a default of the server', () => {
    const year = { ...trusted.targets, expires: new Date(written.getTime() + 365 * DAY_MS) };
    const known = evidence({ ...trusted, targets: year }, { captured: capture(before, '33') });
    const planned = (seconds: number | undefined, role = 'targets') => {
      const at = new Date(written.getTime() + (seconds ?? 0) * 1_000);
      const tasks = [{ kind: 'configured', at, updated: [role], missing: [] }] as const;
      const loss = new LossCircumstances(false, seconds === undefined ? [] : tasks);
      return rebuildFrom(setting('TARGETS_EXPIRATION'), known, loss);
    };

    test('is kept: the setting was lost when it was signed', () => {
      const captured = { value: '33', source: 'Captured', confidence: 'high' };
      expect(planned(undefined)).toEqual(captured);
      expect(planned(-30, 'snapshot')).toEqual(captured);
      expect(planned(-66)).toEqual(captured);
      expect(planned(6)).toEqual(captured);
    });

    test.each([-65, -30, 5])('gives way when the setting was changed %i s after it', (seconds) => {
      expect(planned(seconds)).toMatchObject({
        value: '365',
        source: 'Captured',
        confidence: 'low',
        doubt: { candidates: ['33', '365'] },
      });
    });
  });

  test('a capture of a delegated role is kept beside its default, and gives way to another lifetime', () => {
    const [nightly] = trusted.delegated;
    const nightlyAt = (days: number) => {
      const expires = new Date(written.getTime() + days * DAY_MS);
      const delegated = nightly ? [{ ...nightly, expires }] : [];
      const known = evidence({ ...trusted, delegated }, { captured: capture(before, '33') });
      return rebuild(setting('nightly_EXPIRATION', ['nightly']), known);
    };
    expect(nightlyAt(90)).toEqual({ value: '33', source: 'Captured', confidence: 'high' });
    expect(nightlyAt(365)).toEqual({ value: '33', source: 'Captured', confidence: 'high' });
    expect(nightlyAt(60)).toEqual({ value: '60', source: 'Inferred', confidence: 'high' });
  });

  test('a capture beside a file that a copy has touched is worth less', () => {
    const moved = new Date(written.getTime() + 12 * 3_600_000);
    const at = (name: string) => ({ name, size: 1, lastModified: moved });
    const copied = {
      ...trusted,
      snapshot: { ...trusted.snapshot, object: at('1.snapshot.json') },
      targets: {
        ...trusted.targets,
        expires: new Date(moved.getTime() + 20 * DAY_MS),
        object: at('1.targets.json'),
      },
    };
    expect(
      rebuild(setting('TARGETS_EXPIRATION'), evidence(copied, { captured: capture(before, '33') })),
    ).toEqual({ value: '33', source: 'Captured', confidence: 'medium' });
  });

  test('the days left come next, and are marked as what they are', () => {
    const copied = { ...trusted.targets, object: undefined };
    const restored = { ...trusted, targets: copied };
    const now = new Date(written.getTime() + 12.5 * DAY_MS);
    expect(
      rebuild(
        setting('TARGETS_EXPIRATION'),
        evidence(restored, { lifetimes: lifetimesOf(restored, []), now }),
      ),
    ).toEqual({ value: '78', source: 'Remaining', confidence: 'low' });
  });

  test.each([
    ['ROOT_EXPIRATION', '365'],
    ['TARGETS_EXPIRATION', '365'],
    ['SNAPSHOT_EXPIRATION', '7'],
    ['TIMESTAMP_EXPIRATION', '1'],
    ['nightly_EXPIRATION', '90'],
  ])('the default of the server for %s comes last', (name, value) => {
    const unlisted = {
      ...trusted,
      firstRoot: undefined,
      root: { ...trusted.root, object: undefined },
      targets: { ...trusted.targets, object: undefined },
      snapshot: { ...trusted.snapshot, object: undefined },
      timestamp: { ...trusted.timestamp, object: undefined },
      delegated: [],
    };
    const now = new Date(written.getTime() + 1_000 * DAY_MS);
    expect(
      rebuild(setting(name, ['nightly']), evidence(unlisted, { lifetimes: lifetimesOf(unlisted, []), now })),
    ).toEqual({ value, source: 'Default', confidence: 'low' });
  });

  test('TARGETS_ONLINE_KEY is what bootstrap always writes, unless it is overridden', () => {
    expect(rebuild(setting('TARGETS_ONLINE_KEY'), evidence(trusted))).toEqual({
      value: '1',
      source: 'Default',
      confidence: 'high',
    });
    expect(
      rebuild(setting('TARGETS_ONLINE_KEY'), evidence(trusted, { overrides: { targetsOnlineKey: false } })),
    ).toMatchObject({ value: '0', source: 'Override' });
    expect(
      rebuild(setting('TARGETS_ONLINE_KEY'), evidence(trusted, { overrides: { targetsOnlineKey: true } })),
    ).toMatchObject({ value: '1', source: 'Override' });
  });
});

describe('the history that is worth reading', () => {
  const trusted = trustedFacts(['nightly']);
  const wanted = (name: string, more: Partial<Evidence> = {}, facts = trusted) =>
    historyWanted(setting(name, ['nightly']), evidence(facts, more));
  const at = (days: number) => ({ expires: new Date(written.getTime() + days * DAY_MS) });
  const withDefault = { ...trusted, snapshot: { ...trusted.snapshot, ...at(7), version: 4 } };
  const wide = { ...trusted, targets: { ...trusted.targets, ...at(90.5), version: 6 } };

  test('is that of a lifetime which may be a default of the server', () => {
    expect(wanted('SNAPSHOT_EXPIRATION', {}, withDefault)).toEqual({ role: 'snapshot', head: 4, days: 7 });
    expect(wanted('SNAPSHOT_EXPIRATION')).toBeUndefined();
  });

  test('is that of a file which shows no lifetime', () => {
    expect(wanted('TARGETS_EXPIRATION', {}, wide)).toEqual({ role: 'targets', head: 6, days: undefined });
  });

  test('is none where an override or a capture says the value', () => {
    const overrides = { expirations: { snapshot: 9 } };
    const values = new Map([[key('SNAPSHOT_EXPIRATION'), '9']]);
    const captured = { capturedAt: written, values };
    expect(wanted('SNAPSHOT_EXPIRATION', { overrides }, withDefault)).toBeUndefined();
    expect(wanted('SNAPSHOT_EXPIRATION', { captured }, withDefault)).toBeUndefined();
    expect(wanted('TARGETS_EXPIRATION', { overrides, captured }, wide)).toBeDefined();
  });

  test.each([
    'ROOT_EXPIRATION',
    'TIMESTAMP_EXPIRATION',
    'nightly_EXPIRATION',
    'ROOT_THRESHOLD',
    'TARGETS_ONLINE_KEY',
  ])('is none for %s', (name) => {
    const day = { ...trusted, timestamp: { ...trusted.timestamp, ...at(1) } };
    expect(wanted(name, {}, day)).toBeUndefined();
  });
});

describe('display-only settings are what bootstrap wrote, not what the newest root says', () => {
  const trusted = { ...trustedFacts(), root: rotatedRoot(3) };

  test('thresholds and key counts come from 1.root.json', () => {
    expect(rebuild(setting('ROOT_THRESHOLD'), evidence(trusted))).toEqual({
      value: '2',
      source: 'Metadata',
      confidence: 'exact',
    });
    expect(rebuild(setting('TIMESTAMP_NUM_KEYS'), evidence(trusted))).toMatchObject({ value: '3' });
  });

  test('ROOT_NUM_KEYS counts signatures, as bootstrap does', () => {
    expect(rebuild(setting('ROOT_NUM_KEYS'), evidence(trusted))).toMatchObject({ value: '2' });
  });

  test('ROOT_EXPIRATION is the lifetime of 1.root.json, however long it took to upload it', () => {
    const { firstRoot = rotatedRoot(1) } = trustedFacts();
    const newest = { ...rotatedRoot(3), expires: new Date(written.getTime() + 500 * DAY_MS) };
    const uploaded = (ms: number) => {
      const expires = new Date(written.getTime() + 365 * DAY_MS - ms);
      const now = new Date(written.getTime() + DAY_MS);
      const known = evidence({ ...trusted, firstRoot: { ...firstRoot, expires }, root: newest }, { now });
      return rebuild(setting('ROOT_EXPIRATION'), known);
    };
    expect(uploaded(0)).toEqual({ value: '365', source: 'Inferred', confidence: 'high' });
    expect(uploaded(6 * 3_600_000 - 1)).toEqual({ value: '365', source: 'Inferred', confidence: 'medium' });
    expect(uploaded(6 * 3_600_000)).toEqual({ value: '499', source: 'Remaining', confidence: 'low' });
    expect(uploaded(1 - 6 * 3_600_000)).toEqual({ value: '365', source: 'Inferred', confidence: 'medium' });
    expect(uploaded(-6 * 3_600_000)).toEqual({ value: '499', source: 'Remaining', confidence: 'low' });
  });

  test('without 1.root.json the newest root is the next best', () => {
    const late = { ...trusted, firstRoot: undefined };
    expect(rebuild(setting('ROOT_THRESHOLD'), evidence(late))).toEqual({
      value: '3',
      source: 'Metadata',
      confidence: 'medium',
    });
  });
});

describe('what the listing says about history', () => {
  const trusted = trustedFacts(['nightly']);
  const at = (ms: number, version: number, role: string) => ({
    name: `${version}.${role}.json`,
    size: 1,
    lastModified: new Date(written.getTime() + ms),
  });

  test('an orphan above the head of the chain says nothing about the head', () => {
    const lifetimes = lifetimesOf(trusted, [...listingOf(trusted), at(DAY_MS, 9, 'targets')]);
    expect(rebuild(setting('TARGETS_EXPIRATION'), evidence(trusted, { lifetimes }))).toMatchObject({
      value: '90',
      source: 'Inferred',
    });
  });

  test.each([
    ['the version before', [at(-DAY_MS, 3, 'targets')], [-DAY_MS]],
    [
      'the latest of the versions before',
      [at(-9, 1, 'targets'), at(-2, 3, 'targets'), at(-5, 2, 'targets')],
      [-2],
    ],
    ['neither the version itself nor a later one', [at(0, 4, 'targets'), at(9, 5, 'targets')], []],
    ['no other role', [at(0, 3, 'snapshot'), at(0, 3, 'nightly')], []],
    [
      'no other name',
      [
        { ...at(0, 3, 'targets'), name: '3.targets' },
        { ...at(0, 3, 'targets'), name: 'targets.json' },
      ],
      [],
    ],
    ['two of its own second, and no more', [0, 1, 2, 3].map((i) => at(i * 100, i, 'targets')), [300, 0, 100]],
    ['none of the second before or after', [at(-1, 3, 'targets'), at(1_000, 2, 'targets')], [1_000]],
  ])('of the versions before a file count %s', (_, listing, expected) => {
    const head = { ...trusted.targets, version: 4 };
    const uploads = new Uploads({ ...trusted, targets: head });
    for (const object of listing) {
      uploads.add(object);
    }
    expect(uploads.before('targets').map((time) => time.getTime() - written.getTime())).toEqual(expected);
  });

  test('the snapshot of its own publish counts for the timestamp, and a role only once it is expected', () => {
    const uploads = new Uploads(trusted);
    const [nightly] = trusted.delegated;
    expect(uploads.before(delegatedKey('nightly'))).toEqual([]);
    if (nightly !== undefined) {
      uploads.expect({ ...nightly, version: 2 });
    }
    uploads.add(at(5, 1, 'snapshot'));
    uploads.add(at(9, 2, 'snapshot'));
    uploads.add(at(7, 1, 'nightly'));
    const times = (key: string) => uploads.before(key).map((time) => time.getTime() - written.getTime());
    expect(times('timestamp')).toEqual([5]);
    expect(times('snapshot')).toEqual([]);
    expect(times(delegatedKey('nightly'))).toEqual([7]);
  });

  test('of each role count its own versions, and for the timestamp those of snapshot up to the head', async () => {
    const two = trustedFacts(['nightly', 'beta']);
    const delegated = two.delegated.map((role) => ({ ...role, version: 2 }));
    const head = { ...two, snapshot: { ...two.snapshot, version: 3 }, delegated };
    const listing = [
      at(-30_000, 2, 'snapshot'),
      at(-10_000, 3, 'snapshot'),
      at(-5_000, 4, 'snapshot'),
      at(-50_000, 1, 'nightly'),
      at(-60_000, 1, 'beta'),
    ];
    const uploads = await Uploads.read(head, listing);
    const times = (key: string) => uploads.before(key).map((time) => time.getTime() - written.getTime());
    expect(times('snapshot')).toEqual([-30_000]);
    expect(times('timestamp')).toEqual([-10_000]);
    expect(times(delegatedKey('nightly'))).toEqual([-50_000]);
    expect(times(delegatedKey('beta'))).toEqual([-60_000]);
    expect(times('targets')).toEqual([]);
  });

  test('timestamp.json has no history of its own; a snapshot that is newer than it betrays a copy', () => {
    const lifetimes = lifetimesOf(trusted, [at(600_000, 1, 'snapshot')]);
    const { inference } =
      lifetimes.of({ kind: 'lifetime', role: 'timestamp', server: lifetimeRules.timestamp }) ?? {};
    expect(inference).toMatchObject({ kind: 'wide' });
  });
});
