import { describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { appView, type ReportReader } from '../../src/dashboard/view/app-view.ts';
import { cardOf } from '../../src/dashboard/view/card.ts';
import { expiryGauge } from '../../src/dashboard/view/expiry.ts';
import { factsOfApps } from '../../src/dashboard/view/facts.ts';
import { gridView, PAGE_SIZE } from '../../src/dashboard/view/grid.ts';
import { filters, type GridQuery, sortings } from '../../src/dashboard/view/model.ts';
import { parseReport } from '../../src/dashboard/view/report.ts';
import { agoText, spanText, stepDurationText } from '../../src/dashboard/view/time-text.ts';
import { digest, type RunParts, runManifest } from '../controllers/support/objects.ts';
import { condition, now, type StateParts, stateManifest } from './objects.ts';

const noReport: ReportReader = () => ({ kind: 'none' });

function run({ metadata, ...parts }: RunParts = {}): BootstrapRecovery {
  return runManifest({ ...parts, metadata: { creationTimestamp: '2026-06-01T11:00:00Z', ...metadata } });
}

/** The only app there is. */
function onlyApp(state: StateParts | undefined, runs: readonly BootstrapRecovery[] = []) {
  const [facts, ...others] = factsOfApps(state === undefined ? [] : [stateManifest(state)], runs);
  expect(others).toEqual([]);
  if (facts === undefined) {
    throw new Error('There is no app.');
  }
  return facts;
}

const cardFor = (state: StateParts | undefined, runs: readonly BootstrapRecovery[] = []) =>
  cardOf(onlyApp(state, runs), now);

const status = (reason: string, is: 'True' | 'False' | 'Unknown' = 'Unknown', message = '') => ({
  conditions: [condition('Succeeded', is, reason, message)],
});

const plan = {
  digest: digest('a'),
  creates: 1,
  replaces: 1,
  keeps: 1,
  persists: 0,
  deletes: 0,
  actions: [
    { key: 'A', kind: 'Create', value: '30', source: 'Inferred', confidence: 'high' },
    { key: 'B', kind: 'Replace', value: '1', source: 'Metadata', confidence: 'exact' },
    { key: 'C', kind: 'Keep', value: '7', source: 'Survivor', confidence: 'exact' },
  ],
};

describe('texts of times', () => {
  test.each([
    [0, 'less than a minute'],
    [60_000, '1 minute'],
    [119 * 60_000, '119 minutes'],
    [2 * 3_600_000, '2 hours'],
    [47.9 * 3_600_000, '47 hours'],
    [400 * 86_400_000, '400 days'],
  ])('%i ms are %s', (milliseconds, text) => expect(spanText(milliseconds)).toBe(text));

  test.each([
    [0.04, '< 0.1 ms'],
    [0.05, '0.1 ms'],
    [9.9, '9.9 ms'],
    [9.96, '10 ms'],
    [999, '999 ms'],
    [999.6, '1.0 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 0 s'],
    [125_000, '2 min 5 s'],
  ])('a step of %d ms took %s', (milliseconds, text) => expect(stepDurationText(milliseconds)).toBe(text));

  test('a time that is missing or unreadable is none, and one that lies ahead is now', () => {
    expect(agoText(undefined, now)).toBeUndefined();
    expect(agoText('yesterday', now)).toBeUndefined();
    expect(agoText('2026-06-01T12:00:05Z', now)).toBe('less than a minute ago');
  });
});

describe('expiry', () => {
  const warn = '2026-06-10T12:00:00Z';
  const expires = '2026-06-13T12:00:00Z';

  test.each([
    ['2026-06-01T12:00:00Z', 'good', 'expires in 12 days', 1],
    ['2026-06-07T12:00:00Z', 'good', 'expires in 6 days', 0.5],
    [warn, 'warning', 'expires in 3 days', 0.25],
    [expires, 'bad', 'expired less than a minute ago', 0],
    ['2026-06-20T12:00:00Z', 'bad', 'expired 7 days ago', 0],
    // Before it was signed, by a clock that is behind.
    ['2026-01-01T12:00:00Z', 'good', 'expires in 163 days', 1],
  ])('seen on %s: %s, %s', (seen, tone, text, fraction) => {
    expect(expiryGauge(expires, warn, new Date(seen))).toEqual({ tone, text, fraction });
  });

  test('without the lifetime there is no bar, and without the time nothing is claimed', () => {
    expect(expiryGauge(expires, undefined, now)).toEqual({ tone: 'good', text: 'expires in 12 days' });
    expect(expiryGauge(expires, expires, now)).toEqual({ tone: 'good', text: 'expires in 12 days' });
    expect(expiryGauge(undefined, warn, now)).toEqual({ tone: 'neutral', text: 'expiry not known' });
  });
});

describe('a card', () => {
  test('of a healthy app', () => {
    expect(cardFor({})).toEqual({
      key: { namespace: 'prod', target: 'default', admin: 'alice', app: 'tuf' },
      health: { tone: 'good', text: 'Healthy' },
      recoverable: { tone: 'good', text: '17/17', fraction: 1 },
      expiry: { tone: 'good', text: 'expires in 12 hours', fraction: 0.5 },
      checked: 'checked 3 minutes ago',
    });
  });

  test.each([
    ['a loss', condition('Healthy', 'False', 'SettingsLost'), 'FullLoss', 'bad', 'FullLoss'],
    [
      'an unreachable Redis',
      condition('Healthy', 'Unknown', 'RedisUnavailable'),
      undefined,
      'warning',
      'RedisUnavailable',
    ],
    ['no policy', condition('Healthy', 'Unknown', 'NotGuarded'), undefined, 'neutral', 'NotGuarded'],
    ['nothing yet', undefined, undefined, 'neutral', 'NotVerified'],
  ])('never calls %s healthy', (_what, healthy, state, tone, text) => {
    const conditions = healthy === undefined ? [] : [healthy];
    expect(cardFor({ status: { state: state ?? 'Unknown', conditions } }).health).toEqual({ tone, text });
  });

  test.each([
    [
      { summary: '15/17', exact: 15, total: 17 },
      condition('Recoverable', 'False', 'ValuesDiffer'),
      'bad',
      15 / 17,
    ],
    [
      { summary: '0/0', exact: 0, total: 0 },
      condition('Recoverable', 'Unknown', 'NotVerified'),
      'neutral',
      0,
    ],
    [{ summary: '9/3', exact: 9, total: 3 }, condition('Recoverable', 'True', 'Exact'), 'good', 1],
  ])('shows %o of what is recoverable', (recoverable, verdict, tone, fraction) => {
    const card = cardFor({ status: { recoverable, conditions: [verdict] } });
    expect(card.recoverable).toEqual({ tone, text: recoverable.summary, fraction });
  });

  test('says why nothing is recoverable', () => {
    const { recoverable: _, ...known } = stateManifest().status;
    const refused = { ...known, conditions: [condition('Recoverable', 'False', 'TrustVerificationFailed')] };
    const facts = factsOfApps([{ ...stateManifest(), status: refused }], []);
    expect(facts.map((each) => cardOf(each, now).recoverable)).toEqual([
      { tone: 'bad', text: 'TrustVerificationFailed' },
    ]);
  });

  test('of an app that only runs know of claims nothing but what they say', () => {
    expect(cardFor(undefined, [run({ status: status('Recovered', 'True') })])).toMatchObject({
      health: { tone: 'neutral', text: 'NotGuarded' },
      recoverable: { tone: 'neutral' },
      expiry: { tone: 'neutral' },
      checked: 'last run Recovered, 60 minutes ago',
    });
    expect(cardFor(undefined, [run()]).checked).toBe('never checked');
  });

  test('shows a run that works, and before it one that waits for a person', () => {
    const progress = { stage: 'Trust', completed: 3, total: 12, summary: 'Trust 3/12', lastProgressTime: '' };
    const working = run({ status: { ...status('Running'), progress } });
    const waiting = run({ metadata: { name: 'w' }, status: { ...status('AwaitingApproval'), plan } });
    expect(cardFor({}, [working]).activity).toEqual({ tone: 'info', text: 'Trust 3/12', fraction: 0.25 });
    expect(cardFor({}, [working, waiting]).activity).toMatchObject({ tone: 'warning' });
    const approved = run({
      spec: { approvedPlan: plan.digest },
      status: { ...status('AwaitingApproval'), plan },
    });
    expect(cardFor({}, [approved]).activity).toBeUndefined();
    expect(cardFor({}, [run({ status: status('Failed', 'False') })]).activity).toBeUndefined();
  });
});

describe('the grid', () => {
  const query: GridQuery = { filter: 'all', sort: 'health', search: '', page: 1 };
  const lost = { state: 'FullLoss', conditions: [condition('Healthy', 'False', 'SettingsLost')] };
  const app = (appName: string, parts: StateParts['status'] = {}) =>
    stateManifest({ metadata: { name: appName }, spec: { appName }, status: parts });
  const names = (states: readonly ReturnType<typeof app>[], change: Partial<GridQuery> = {}) =>
    gridView(factsOfApps(states, []), { ...query, ...change }, now).cards.map(({ key }) => key.app);

  test('has the worst first, whatever it is sorted by', () => {
    const soon = { freshUntilTime: '2026-06-01T10:00:00Z' };
    const half = {
      recoverable: { summary: '1/2', exact: 1, total: 2 },
      conditions: [
        condition('Recoverable', 'False', 'ValuesDiffer'),
        condition('Healthy', 'True', 'Consistent'),
      ],
    };
    const apps = [app('a'), app('half', half), app('lost', lost), app('soon', soon)];
    expect(names(apps)).toEqual(['lost', 'a', 'half', 'soon']);
    expect(names(apps, { sort: 'recoverable' })[0]).toBe('half');
    expect(names(apps, { sort: 'expiry' })[0]).toBe('soon');
    expect(names(apps, { sort: 'name' })).toEqual(['a', 'half', 'lost', 'soon']);
  });

  test('counts what each filter has, and shows what is searched for', () => {
    const apps = [app('a'), app('Lost', lost), app('new', { conditions: [] })];
    const view = gridView(factsOfApps(apps, []), { ...query, search: 'ALICE/lo' }, now);
    expect(view.counts).toEqual({ all: 3, attention: 1, lost: 1, unknown: 1, expiring: 0, healthy: 1 });
    expect(view.cards.map(({ key }) => key.app)).toEqual(['Lost']);
    expect(names(apps, { filter: 'healthy' })).toEqual(['a']);
    expect(names(apps, { filter: 'healthy', search: 'lost' })).toEqual([]);
  });

  test('of 2,000 apps has pages, each no larger than the first, and all apps are on one of them', () => {
    const apps = factsOfApps(
      Array.from({ length: 2_000 }, (_, index) => app(`app-${index}`)),
      [],
    );
    for (const sort of sortings) {
      const first = gridView(apps, { ...query, sort }, now);
      const views = Array.from({ length: first.pages }, (_, index) =>
        gridView(apps, { ...query, sort, page: index + 1 }, now),
      );
      expect(Math.max(...views.map(({ cards }) => cards.length))).toBe(PAGE_SIZE);
      expect(new Set(views.flatMap(({ cards }) => cards.map(({ key }) => key.app))).size).toBe(2_000);
    }
    const beyond = gridView(apps, { ...query, page: 1e6 }, now);
    expect([beyond.page, beyond.pages, beyond.cards.length]).toEqual([34, 34, 20]);
  });

  test('of nothing is empty, on one page', () => {
    for (const filter of filters) {
      expect(gridView([], { ...query, filter }, now)).toMatchObject({
        matches: 0,
        page: 1,
        pages: 1,
        cards: [],
      });
    }
  });
});

describe('the page of an app', () => {
  const view = (state: StateParts | undefined, runs: readonly BootstrapRecovery[], read = noReport) =>
    appView(onlyApp(state, runs), [], read, now);
  const reportText = JSON.stringify({
    plan: {
      actions: Array.from({ length: 600 }, (_, index) => ({
        key: `K${String(index).padStart(3, '0')}`,
        kind: index === 599 ? 'Create' : 'Keep',
        after: '1',
        source: 'Survivor',
        confidence: 'exact',
      })),
      omittedActions: 7,
    },
    heads: {
      root: 3,
      timestamp: 10,
      snapshot: 8,
      targets: 7,
      delegated: [
        ['nightly', 4, '2026-06-05T12:00:00Z'],
        ['beta', 2, null],
        ['older', 1],
      ],
      omittedDelegated: 5,
    },
    expires: { timestamp: '2026-06-03T12:00:00Z', snapshot: '2026-06-08T12:00:00Z' },
    steps: [
      { step: 'Trust', milliseconds: 120.4 },
      { step: 'Observe', milliseconds: 2.3 },
    ],
  });
  const withReport: ReportReader = () => {
    const report = parseReport(reportText);
    return report === undefined ? { kind: 'none' } : { kind: 'read', report };
  };

  test('has the chain from the root down: of the state, and where a run has seen more, of its report', () => {
    const verified = run({ status: { ...status('Recovered', 'True'), trust: trustStatus } });
    const { chain, omittedRoles } = view({}, [verified], withReport);
    expect(
      chain.map(({ role, version, delegated, expiry }) => [role, version, delegated, expiry.text]),
    ).toEqual([
      ['root', 3, false, 'expires in 365 days'],
      ['timestamp', 10, false, 'expires in 2 days'],
      ['snapshot', 8, false, 'expires in 7 days'],
      ['targets', 7, false, 'expiry not known'],
      ['nightly', 4, true, 'expires in 4 days'],
      ['beta', 2, true, 'expiry not known'],
      ['older', 1, true, 'expiry not known'],
    ]);
    expect(omittedRoles).toBe(5);
  });

  test('has the chain of a run alone, with what it says expired', () => {
    const verified = run({ status: { ...status('Recovered', 'True'), trust: trustStatus } });
    expect(
      view(undefined, [verified]).chain.map(({ role, version, expiry }) => [role, version, expiry.tone]),
    ).toEqual([
      ['root', 3, 'neutral'],
      ['timestamp', 9, 'bad'],
      ['snapshot', 8, 'neutral'],
      ['targets', 7, 'neutral'],
    ]);
  });

  test('takes the delegated role that expires first from the state', () => {
    const { metadata: known } = stateManifest().status;
    const delegated = { role: 'nightly', version: 5, expiresTime: '2026-06-02T12:00:00Z' };
    const verified = run({ status: { ...status('Recovered', 'True'), trust: trustStatus } });
    const { chain } = view({ status: { metadata: { ...known, delegated } } }, [verified], withReport);
    expect(chain.filter(({ role }) => role === 'nightly')).toMatchObject([{ version: 5 }]);
  });

  test.each([
    ['AwaitingApproval', 'Unknown', ['lost', 'invalid', 'kept'], ['bad', 'bad', 'good']],
    ['Failed', 'False', ['lost', 'invalid', 'kept'], ['bad', 'bad', 'good']],
    ['Recovered', 'True', ['restored', 'restored', 'kept'], ['info', 'info', 'good']],
  ] as const)('says of the settings of a run that is %s what is so', (reason, is, texts, tones) => {
    const { settings } = view({}, [run({ status: { ...status(reason, is), plan } })]);
    expect(settings?.rows.map(({ state }) => state.text)).toEqual(texts);
    expect(settings?.rows.map(({ state }) => state.tone)).toEqual(tones);
    expect(settings?.rows[0]).toMatchObject({
      key: 'A',
      value: '30',
      source: 'Inferred',
      confidence: 'high',
    });
    expect(settings?.omitted).toBe(0);
  });

  test('shows an action of a newer controller by its name', () => {
    const strange = {
      ...plan,
      actions: [{ ...plan.actions[0], kind: 'toString' } as (typeof plan.actions)[0]],
    };
    const { settings } = view({}, [run({ status: { ...status('Recovered', 'True'), plan: strange } })]);
    expect(settings).toMatchObject({ rows: [{ state: { text: 'toString', tone: 'neutral' } }], omitted: 2 });
  });

  test('has 512 settings of a long report, those that change first, and says how many are missing', () => {
    const { settings } = view({}, [run({ status: { ...status('Recovered', 'True'), plan } })], withReport);
    expect(settings?.rows).toHaveLength(512);
    expect(settings?.rows[0]).toMatchObject({ key: 'K599', state: { text: 'restored' } });
    expect(settings?.omitted).toBe(7 + 88);
  });

  test('has the captured settings where no run planned anything, or says nothing', () => {
    const capturedSettings = {
      captureTime: '2026-06-01T10:00:00Z',
      timestampVersion: 9,
      timestampSHA256: 'd',
      values: [{ key: 'A', value: '1' }],
    };
    expect(view({ status: { capturedSettings } }, []).settings).toEqual({
      origin: 'Captured while the app was healthy, 2 hours ago',
      rows: [
        {
          key: 'A',
          value: '1',
          state: { tone: 'good', text: 'captured' },
          source: 'Captured',
          confidence: 'exact',
        },
      ],
      omitted: 0,
    });
    expect(view({}, []).settings).toBeUndefined();
  });

  test('has the ten steps of the last five runs, the newest first', () => {
    const runs = Array.from({ length: 7 }, (_, index) =>
      run({ metadata: { name: `r${index}`, creationTimestamp: `2026-06-01T0${index}:00:00Z` } }),
    );
    const { runs: shown, omittedRuns } = view({}, runs);
    expect(shown.map(({ name }) => name)).toEqual(['r6', 'r5', 'r4', 'r3', 'r2']);
    expect(omittedRuns).toBe(2);
    for (const { steps } of shown) {
      expect(steps).toHaveLength(10);
    }
  });

  test('says how long each step took, as far as the run got', () => {
    const ended = (reason: string, is: 'True' | 'False') =>
      view({}, [run({ status: status(reason, is) })], withReport).runs[0]?.steps.slice(0, 4);
    const rest = { step: 'Classify', state: 'pending', text: 'not reached' };
    const resolve = { ...rest, step: 'Resolve' };
    const trust = { step: 'Trust', state: 'done', milliseconds: 120.4, text: '120 ms' };
    const observe = { step: 'Observe', state: 'done', milliseconds: 2.3, text: '2.3 ms' };
    expect(ended('Recovered', 'True')).toEqual([resolve, trust, observe, rest]);
    expect(ended('DriftDetected', 'False')).toEqual([resolve, trust, observe, rest]);
    expect(ended('RedisUnavailable', 'False')).toEqual([
      resolve,
      trust,
      { ...observe, state: 'failed' },
      rest,
    ]);
  });

  test('follows a run that works', () => {
    const progress = {
      stage: 'Observe',
      completed: 1,
      total: 2,
      summary: 'Observe 1/2',
      lastProgressTime: '',
    };
    const working = run({ status: { ...status('Running'), progress, startTime: '2026-06-01T11:59:50Z' } });
    const [shown] = view({}, [working], withReport).runs;
    expect(shown).toMatchObject({ duration: '10.0 s', progress: { text: 'Observe 1/2', fraction: 0.5 } });
    expect(shown?.steps.map(({ state }) => state)).toEqual([
      ...['done', 'done', 'current'],
      ...Array.from({ length: 7 }, () => 'pending'),
    ]);
  });

  test.each([
    ['Recovered', 'True', '10.0 s', 10],
    ['AwaitingApproval', 'Unknown', '2 min 0 s', 5],
  ] as const)('without a report shows how far a run got that is %s', (reason, is, duration, done) => {
    const progress = { stage: 'Plan', completed: 1, total: 1, summary: 'Plan 1/1', lastProgressTime: '' };
    const times = { startTime: '2026-06-01T11:58:00Z', completionTime: '2026-06-01T11:58:10Z' };
    const [shown] = view({}, [run({ status: { ...status(reason, is), progress, ...times } })]).runs;
    expect(shown?.duration).toBe(duration);
    expect(shown?.steps.filter(({ state }) => state === 'done')).toHaveLength(done);
    expect(shown?.note).toBe(
      is === 'True' ? 'A run that found nothing to do keeps no report of its steps.' : undefined,
    );
  });

  test.each([
    [{ kind: 'reading' }, 'The report is being read.'],
    [{ kind: 'failed', message: 'Forbidden.' }, "The report can't be read: Forbidden."],
  ] as const)('says that there is no report yet, or why there is none', (answer, note) => {
    expect(view({}, [run()], () => answer).runs[0]).toMatchObject({ note, duration: 'not started yet' });
  });

  test('asks for each approval that is needed, with its digest', () => {
    const waiting = run({ status: { ...status('AwaitingApproval'), plan } });
    expect(view({}, [waiting]).approvals).toEqual([
      {
        namespace: 'prod',
        name: 'run',
        digest: plan.digest,
        writes: 2,
        summary: '1 to create, 1 to replace, 1 to keep',
      },
    ]);
    const approved = run({
      spec: { approvedPlan: plan.digest },
      status: { ...status('AwaitingApproval'), plan },
    });
    expect(view({}, [approved, run({ status: status('AwaitingApproval') })]).approvals).toEqual([]);
  });

  test('says what the conditions say that are not fine', () => {
    const conditions = [
      condition('Healthy', 'False', 'SettingsLost', 'Two are lost.'),
      condition('Recoverable', 'True', 'Exact', 'All of it.'),
      condition('Fresh', 'Unknown', 'NotVerified'),
    ];
    expect(view({ status: { conditions } }, []).messages).toEqual(['Two are lost.']);
  });
});

const trustStatus = {
  rootVersion: 3,
  timestampVersion: 9,
  snapshotVersion: 8,
  targetsVersion: 7,
  delegatedRoles: 1,
  rootSHA256: 'd'.repeat(64),
  expired: [{ role: 'timestamp', version: 9, expires: '2026-05-30T00:00:00Z' }],
};

describe('a malformed report', () => {
  test.each(['', '{', '[]', '{"plan":7}', '{"heads":{"root":"x"}}', '{"steps":[{}]}'])('%s', (text) => {
    expect(parseReport(text)).toBeUndefined();
  });

  test('of an older controller has no steps, and shows the rest', () => {
    expect(parseReport('{"plan":{"actions":[]}}')).toMatchObject({
      steps: [],
      delegated: [],
      heads: undefined,
    });
  });
});
