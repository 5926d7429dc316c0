import { describe, expect, test } from 'vitest';
import { lifetimeRules } from '../../src/faynosync/lifetimes.ts';
import { type Setting, settingsOf } from '../../src/faynosync/settings.ts';
import { LossCircumstances } from '../../src/recovery/plan/loss-circumstances.ts';
import { type Evidence, rebuild as rebuildFrom } from '../../src/recovery/plan/sources.ts';
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

  test('an override that the server could not use is passed over', () => {
    const rebuilt = rebuild(
      setting('TARGETS_EXPIRATION'),
      evidence(trusted, { overrides: { expirations: { targets: 0 } } }),
    );
    expect(rebuilt).toEqual({ value: '90', source: 'Inferred', confidence: 'high' });
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

  test('timestamp.json has no history of its own; a snapshot that is newer than it betrays a copy', () => {
    const lifetimes = lifetimesOf(trusted, [at(600_000, 1, 'snapshot')]);
    const { inference } =
      lifetimes.of({ kind: 'lifetime', role: 'timestamp', server: lifetimeRules.timestamp }) ?? {};
    expect(inference).toMatchObject({ kind: 'wide' });
  });
});
