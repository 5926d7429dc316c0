import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecoveryPolicy, RecoveryPolicySpec } from '../../src/api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import { entriesOf } from '../../src/controllers/recoverypolicy/apps.ts';
import { consequenceOf } from '../../src/controllers/recoverypolicy/consequence.ts';
import { decide, nextLook, type PolicyFacts } from '../../src/controllers/recoverypolicy/decide.ts';
import { type AppEntry, blankEntry } from '../../src/controllers/recoverypolicy/entry.ts';
import { surplus } from '../../src/controllers/recoverypolicy/history.ts';
import { recoveryName, settingsName } from '../../src/controllers/recoverypolicy/names.ts';
import {
  type ChildState,
  followed,
  openRecovery,
} from '../../src/controllers/recoverypolicy/pending-recoveries.ts';
import type { Reading } from '../../src/controllers/recoverypolicy/reading.ts';
import { policyStatus } from '../../src/controllers/recoverypolicy/status.ts';

const app = { adminName: 'alice', appName: 'tuf' };
const start = Date.parse('2026-11-01T10:00:00Z');
const hour = 3_600_000;

function policyOf(spec: Partial<RecoveryPolicySpec> = {}, status: Partial<RecoveryPolicy['status']> = {}) {
  return {
    metadata: { name: 'all', namespace: 'prod', uid: 'u', resourceVersion: '1', generation: 1 },
    spec: {
      targetRef: { name: 'default' },
      apps: [app],
      discover: false,
      intervalSeconds: 300,
      action: 'Recover',
      failureThreshold: 3,
      maxRecoveriesPerHour: 1,
      captureSettings: true,
      suspend: false,
      successfulRunsHistoryLimit: 3,
      failedRunsHistoryLimit: 1,
      recoveryTemplate: {
        timeoutSeconds: 300,
        backoffLimit: 3,
        approval: 'Automatic',
        uncertainValues: 'Apply',
      },
      ...spec,
    },
    status: { observedGeneration: 1, ...status },
  } satisfies PolicyFacts['policy'];
}

const targetOf = (apps?: RecoveryTarget['status']['apps'], spec: object = {}) =>
  // Only what a policy looks at.
  ({ spec, status: { observedGeneration: 1, ...(apps && { apps }) } }) as unknown as RecoveryTarget;

const target = targetOf([{ ...app, rootVersion: 1 }]);
const factsOf = (spec: Partial<RecoveryPolicySpec> = {}, at = start): PolicyFacts => ({
  policy: policyOf(spec),
  target,
  now: new Date(at),
});

const lost: Reading = { kind: 'lost', state: 'FullLoss' };
const well: Reading = { kind: 'consistent', state: 'Healthy' };
const busy: Reading = { kind: 'busy', state: 'InProgress' };
const silent: Reading = {
  kind: 'unverifiable',
  reason: 'RedisUnreachable',
  message: 'Redis did not answer.',
  targetWide: true,
};

/** Something that happens to a policy's app; `after` minutes after what happened before. */
type Step = { readonly after: number } & (
  | { readonly look: Reading }
  | { readonly child: ChildState }
  | { readonly suspend: boolean }
);

/** Often nothing passes in between: triggers can be as quick as that. */
const after = fc.oneof(fc.constant(0), fc.nat(30));

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ after, look: fc.constantFrom(lost, lost, lost, well, busy, silent) }),
    fc.record({
      after,
      child: fc.constantFrom<ChildState>('UnderWay', 'Succeeded', 'Failed', 'Absent'),
    }),
    fc.record({ after, suspend: fc.constantFrom(true, false, false, false) }),
  ),
  // Interesting stories are long; left alone, fast-check tells short ones.
  { maxLength: 60, size: 'max' },
);

/** Plays the steps as the controller would, and tells of each look what was known before and after. */
function play(
  rules: Pick<RecoveryPolicySpec, 'failureThreshold' | 'maxRecoveriesPerHour'>,
  story: readonly Step[],
) {
  let entry: AppEntry = blankEntry(app);
  let now = start;
  let suspend = false;
  const looks: { at: number; reading: Reading; before: AppEntry; after: AppEntry }[] = [];
  for (const step of story) {
    now += step.after * 60_000;
    if ('suspend' in step) {
      suspend = step.suspend;
    } else if ('child' in step) {
      const open = openRecovery(entry);
      if (open !== undefined) {
        entry = followed(entry, new Map([[open.name, step.child]]), !suspend);
      }
    } else if (!suspend) {
      const facts = factsOf({ ...rules, suspend }, now);
      const after = consequenceOf(facts, entry, step.look, new Date(now)).entry;
      looks.push({ at: now, reading: step.look, before: entry, after });
      entry = after;
    }
  }
  return looks;
}

const rules = fc.record({
  failureThreshold: fc.integer({ min: 1, max: 4 }),
  maxRecoveriesPerHour: fc.integer({ min: 1, max: 10 }),
});
const orders = ({ recoveries = [] }: AppEntry): readonly string[] => recoveries.map(({ name }) => name);

describe('whatever happens to an app', () => {
  test('a recovery follows a loss only, and only after so many in a row', () => {
    fc.assert(
      fc.property(rules, steps, (given, story) => {
        let row = 0;
        for (const { reading, before, after } of play(given, story)) {
          if (reading.kind === 'lost') {
            row += 1;
          } else if (reading.kind !== 'unverifiable') {
            row = 0;
          }
          // A recovery that succeeded ended the row as well.
          row = Math.min(row, after.consecutiveLosses);
          const isNew = openRecovery(after) !== undefined && openRecovery(before) === undefined;
          if (isNew) {
            expect(reading.kind).toBe('lost');
            expect(row).toBeGreaterThanOrEqual(given.failureThreshold);
          }
        }
      }),
    );
  });

  test('never more recoveries within an hour than the limit, never two at once, never a name twice', () => {
    fc.assert(
      fc.property(rules, steps, (given, story) => {
        const made: { name: string; at: number }[] = [];
        for (const { at, before, after } of play(given, story)) {
          for (const name of orders(after).filter((each) => !orders(before).includes(each))) {
            made.push({ name, at });
          }
          expect(after.recoveries?.length ?? 0).toBeLessThanOrEqual(10);
          expect(new Set(orders(after)).size).toBe(orders(after).length);
          const open = after.recoveries?.filter(({ state }) => state === 'Ordered' || state === 'UnderWay');
          expect(open?.length ?? 0).toBeLessThanOrEqual(1);
        }
        expect(new Set(made.map(({ name }) => name)).size).toBe(made.length);
        for (const { at } of made) {
          const within = made.filter((other) => other.at <= at && other.at > at - hour);
          // An order that was withdrawn before anybody carried it out does not count.
          const withdrawn = story.some((step) => 'suspend' in step && step.suspend);
          if (!withdrawn) {
            expect(within.length).toBeLessThanOrEqual(given.maxRecoveriesPerHour);
          }
        }
      }),
    );
  });

  test('what can not be verified changes nothing that is known', () => {
    fc.assert(
      fc.property(rules, steps, (given, story) => {
        for (const { reading, before, after } of play(given, story)) {
          if (reading.kind !== 'unverifiable') {
            continue;
          }
          const { state, reason, message, lastLooked, ...known } = after;
          const { state: _, reason: __, message: ___, lastLooked: ____, ...knownBefore } = before;
          expect([state, reason, message]).toEqual(['Unverifiable', silent.reason, silent.message]);
          expect(lastLooked).toBeDefined();
          expect(known).toEqual(knownBefore);
        }
      }),
    );
  });
});

describe('an order', () => {
  const ordering = factsOf({ failureThreshold: 1 });
  const { entry } = consequenceOf(ordering, blankEntry(app), lost, ordering.now);
  const name = openRecovery(entry)?.name ?? '';
  const child = (state: ChildState) => new Map([[name, state]]);

  test('bears the same name for whoever carries it out, one that fits a label', () => {
    expect(name).toBe(recoveryName('all', app, ordering.now));
    expect(recoveryName('p'.repeat(40), app, ordering.now).length).toBeLessThanOrEqual(63);
    expect(settingsName('all', app)).not.toBe(settingsName('all', { adminName: 'alice', appName: 'tuf-2' }));
  });

  test('that nobody carried out stands, until the policy may no longer act', () => {
    expect(followed(entry, child('Absent'), true)).toEqual(entry);
    expect(followed(entry, child('Absent'), false).recoveries).toEqual([]);
    expect(followed(entry, new Map(), false)).toEqual(entry);
  });

  test('that was carried out is followed to its end, and then the app is looked at again at once', () => {
    const underWay = followed(entry, child('UnderWay'), true);
    expect(openRecovery(underWay)).toMatchObject({ state: 'UnderWay' });
    expect(followed(underWay, child('Absent'), true).recoveries).toMatchObject([{ state: 'Deleted' }]);
    for (const state of ['Succeeded', 'Failed'] as const) {
      const ended = followed(underWay, child(state), true);
      expect(ended.recoveries).toMatchObject([{ name, state }]);
      expect(ended.consecutiveLosses).toBe(state === 'Succeeded' ? 0 : 1);
      expect(decide(ordering, [ended])).toEqual({ kind: 'look', due: [ended] });
    }
  });

  test.each<[string, Partial<RecoveryPolicySpec>, object]>([
    ['the policy only reports', { action: 'Report' }, {}],
    ['the target is only read', {}, { accessMode: 'ReadOnly' }],
  ])('is never given when %s', (_, spec, targetSpec) => {
    const facts = { ...factsOf({ failureThreshold: 1, ...spec }), target: targetOf([], targetSpec) };
    const consequence = consequenceOf(facts, blankEntry(app), lost, facts.now);
    expect(consequence).toMatchObject({ suppressed: false, entry: { consecutiveLosses: 1 } });
    expect(consequence.entry.recoveries).toBeUndefined();
  });
});

describe('when apps are looked at', () => {
  const seen = (minutesAgo: number, state = 'Healthy'): AppEntry => ({
    ...blankEntry(app),
    state,
    lastLooked: new Date(start - minutesAgo * 60_000).toISOString(),
  });

  test('each in its interval, and sooner when it could not be verified', () => {
    const due = (entry: AppEntry) => {
      const decision = decide(factsOf(), [entry]);
      return decision.kind === 'look' && decision.due.length === 1;
    };
    expect(due(seen(4))).toBe(false);
    expect(due(seen(5))).toBe(true);
    expect(due(seen(1, 'Unverifiable'))).toBe(true);
    expect(due(blankEntry(app))).toBe(true);
    expect(nextLook([seen(4), seen(1)], policyOf().spec)).toEqual(new Date(start + 60_000));
  });

  test('all at once when the trigger or anything else in the spec changes', () => {
    const changed = { ...policyOf({ trigger: 'now' }), status: { observedGeneration: 1 } };
    expect(decide({ policy: changed, target, now: new Date(start) }, [seen(1)])).toMatchObject({
      due: [{ appName: 'tuf' }],
    });
    const edited = { ...policyOf(), status: { observedGeneration: 0 } };
    expect(decide({ policy: edited, target, now: new Date(start) }, [seen(1)])).toMatchObject({
      due: [{ appName: 'tuf' }],
    });
  });

  test.each<[string, Partial<RecoveryPolicySpec>, RecoveryTarget | undefined]>([
    ['Suspended', { suspend: true }, target],
    ['WaitingForTarget', {}, undefined],
    ['WaitingForTarget', {}, targetOf([], { suspend: true })],
    ['WaitingForTarget', { discover: true }, targetOf()],
    ['NoApps', { discover: true }, targetOf([])],
  ])('not at all: %s', (reason, spec, given) => {
    const policy = policyOf(spec);
    const { apps: _, ...discovering } = policy.spec;
    const asked = spec.discover ? { ...policy, spec: discovering } : policy;
    const facts = { policy: asked, target: given, now: new Date(start) };
    expect(decide(facts, entriesOf(asked, given))).toMatchObject({ kind: 'rest', ready: { reason } });
  });
});

describe('which apps are looked at', () => {
  const { apps: _, ...spec } = policyOf({ discover: true }).spec;
  const discovering = (known: readonly AppEntry[]) => ({
    spec,
    status: { observedGeneration: 1, apps: known },
  });
  const mark = { version: 3, sha256: 'a'.repeat(64) };
  const names = (entries: readonly AppEntry[]) => entries.map(({ appName }) => appName);

  test('those the target has found, without folders that are none', () => {
    const found = targetOf([
      { adminName: 'bob', appName: 'b', rootVersion: 1 },
      { adminName: 'alice', appName: 'empty' },
      { adminName: '..', appName: 'path', rootVersion: 1 },
      { adminName: 'alice', appName: 'no app', rootVersion: 1 },
      { ...app, rootVersion: 2 },
    ]);
    expect(names(entriesOf(discovering([]), found))).toEqual(['tuf', 'b']);
  });

  test('and those that were verified before, also when they are no longer found', () => {
    const known = [
      { ...blankEntry(app), marks: { root: mark } },
      blankEntry({ adminName: 'alice', appName: 'never-seen' }),
    ];
    expect(names(entriesOf(discovering(known), targetOf([])))).toEqual(['tuf']);
  });

  test('at most a hundred, those that were verified before all others', () => {
    const found = Array.from({ length: 150 }, (_, i) => ({
      adminName: 'a',
      appName: `x${i}`,
      rootVersion: 1,
    }));
    const entries = entriesOf(discovering([{ ...blankEntry(app), marks: { root: mark } }]), targetOf(found));
    expect(entries).toHaveLength(100);
    expect(names(entries)).toContain('tuf');
  });
});

describe('what the status says', () => {
  const said = (spec: Partial<RecoveryPolicySpec>, entry: AppEntry) => {
    const facts = factsOf(spec);
    const { conditions = [] } = policyStatus(facts, { kind: 'look', due: [] }, [entry]);
    return Object.fromEntries(conditions.map(({ type, status, message }) => [type, `${status}: ${message}`]));
  };
  const losing = (times: number): AppEntry => ({
    ...blankEntry(app),
    state: 'PartialLoss',
    consecutiveLosses: times,
  });

  test('what follows a loss', () => {
    expect(said({ action: 'Report' }, losing(2))['LossDetected']).toMatch(
      /^True: alice\/tuf: PartialLoss, found 2 times in a row; create a BootstrapRecovery/,
    );
    expect(said({}, losing(1))['LossDetected']).toContain('a recovery follows after 2 more');
  });

  test('until when the limit forbids a recovery', () => {
    const time = new Date(start - 600_000).toISOString();
    const again: AppEntry = { ...losing(3), recoveries: [{ name: 'all-1', time, state: 'Succeeded' }] };
    expect(said({}, again)['CircuitOpen']).toMatch(/^True: .*after 2026-11-01T10:50:00Z/);
    expect(said({ action: 'Report' }, again)['CircuitOpen']).toMatch(/^False/);
  });

  test('which app can not be verified, why, and how many more', () => {
    const blind: AppEntry = {
      ...losing(1),
      state: 'Unverifiable',
      reason: 'RollbackDetected',
      message: 'The bucket is older.',
    };
    expect(said({}, blind)).toMatchObject({
      Ready: 'False: alice/tuf could not be verified: The bucket is older.',
      // What was known stands.
      LossDetected: expect.stringMatching(/^True: alice\/tuf: a loss, found once;/),
    });
    const facts = factsOf();
    const entries = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((appName) => ({ ...blind, appName }));
    const { conditions = [] } = policyStatus(facts, { kind: 'look', due: [] }, entries);
    const messages = conditions.map(({ message }) => message);
    expect(messages[0]).toMatch(/So it is for 6 more\.$/);
    expect(messages[1]).toMatch(/So it is for 2 more\.$/);
  });

  test('which recovery is under way', () => {
    const time = new Date(start).toISOString();
    const repairing: AppEntry = { ...losing(3), recoveries: [{ name: 'all-1', time, state: 'UnderWay' }] };
    expect(said({}, repairing)['LossDetected']).toContain('recovery all-1 is under way');
    expect(said({}, losing(3))['LossDetected']).toContain('; a recovery follows.');
    expect(policyStatus(factsOf(), { kind: 'look', due: [] }, [repairing]).active).toEqual([
      { name: 'all-1', ...app },
    ]);
  });

  test('that nothing is known before the first look', () => {
    expect(said({}, blankEntry(app))['LossDetected']).toBe('Unknown: No app has been verified yet.');
  });
});

test('history keeps the newest of each outcome and never touches what has not ended', () => {
  const run = (name: string, status: string, completionTime?: string) =>
    // Only what the history looks at.
    ({
      metadata: { name },
      status: { conditions: [{ type: 'Succeeded', status }], ...(completionTime && { completionTime }) },
    }) as unknown as Parameters<typeof surplus>[0][number];
  const runs = [
    run('old', 'True', '2026-11-01T01:00:00Z'),
    run('new', 'True', '2026-11-01T02:00:00Z'),
    run('failed-old', 'False', '2026-11-01T01:00:00Z'),
    run('failed-new', 'False', '2026-11-01T03:00:00Z'),
    run('waiting', 'Unknown'),
  ];
  const limits = { successfulRunsHistoryLimit: 1, failedRunsHistoryLimit: 0 };
  expect(surplus(runs, limits).map(({ metadata }) => metadata.name)).toEqual([
    'old',
    'failed-new',
    'failed-old',
  ]);
});
