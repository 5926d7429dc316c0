import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lifetimeRules } from '../../src/faynosync/lifetimes.ts';
import { lifetimeValue, needsHistory } from '../../src/recovery/plan/lifetime-value.ts';
import { wasSignedOutsideServer } from '../../src/recovery/plan/lifetimes.ts';
import { LossCircumstances } from '../../src/recovery/plan/loss-circumstances.ts';
import {
  changeTo,
  type EarlierSigning,
  nextProbe,
  type SigningHistory,
} from '../../src/recovery/plan/signing-history.ts';
import type { Trusted } from '../../src/tuf/verify/verification.ts';
import { DAY_MS, lifetimesOf, listingOf, trustedFacts, written } from './fixtures/facts.ts';

type Role = 'targets' | 'snapshot' | 'timestamp';

const later = (ms: number): Date => new Date(written.getTime() + ms);

/** The chain with one role's newest file replaced: version, written at, expires at. */
function withFile(trusted: Trusted, role: Role, version: number, writtenAt: Date, expires: Date): Trusted {
  const name = role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
  const object = { name, size: 100, lastModified: writtenAt };
  return { ...trusted, [role]: { ...trusted[role], version, expires, object } };
}

function signing(version: number, writtenAt: Date, days: number, residueMs = 0): EarlierSigning {
  const expires = new Date(writtenAt.getTime() + days * DAY_MS + residueMs);
  return { version, writtenAt, expires, days: residueMs === 0 ? days : undefined, residueMs };
}

const historyOf = (...signings: EarlierSigning[]): SigningHistory => ({ signings, listed: signings.length });
const totalLoss = new LossCircumstances(false, []);
const partialLoss = new LossCircumstances(true, []);

function valueFor(
  trusted: Trusted,
  role: Role,
  {
    history,
    loss = partialLoss,
  }: { readonly history?: SigningHistory; readonly loss?: LossCircumstances } = {},
) {
  const histories =
    history === undefined || role === 'timestamp' ? new Map() : new Map([[role, history] as const]);
  const lifetimes = lifetimesOf(trusted, listingOf(trusted), histories);
  const server = lifetimeRules[role];
  const lifetime = lifetimes.of({ kind: 'lifetime', role, server });
  return lifetime && lifetimeValue({ server, lifetime, lifetimes, loss });
}

/** The chain with a delegated role, in its second version. */
function withNightly(writtenAt: Date, expires: Date, trusted: Trusted = trustedFacts()): Trusted {
  const object = { name: '2.nightly.json', size: 100, lastModified: writtenAt };
  const [facts] = trustedFacts(['nightly']).delegated;
  return { ...trusted, delegated: facts ? [{ ...facts, version: 2, expires, object }] : [] };
}

function nightlyValue(trusted: Trusted) {
  const server = lifetimeRules.delegated;
  const lifetimes = lifetimesOf(trusted);
  const lifetime = lifetimes.of({ kind: 'delegatedLifetime', role: 'nightly', server });
  return lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: partialLoss });
}

describe('a bucket that was copied', () => {
  const copied = later(3 * DAY_MS + 5 * 3_600_000);
  const copyOf14 = withFile(trustedFacts(), 'snapshot', 1, copied, later(14 * DAY_MS));

  test('14 days read as 11 are uncertain, and never more than a lower bound', () => {
    expect(valueFor(copyOf14, 'snapshot')).toMatchObject({
      days: 11,
      confidence: 'low',
      doubt: { candidates: ['11', 'unknown'] },
    });
  });

  test('the version before, when it was not copied, is the better guess and still uncertain', () => {
    const trusted = withFile(trustedFacts(), 'snapshot', 2, copied, later(14 * DAY_MS + 1_234));
    expect(
      valueFor(trusted, 'snapshot', { history: historyOf(signing(1, later(-DAY_MS), 14)) }),
    ).toMatchObject({
      days: 14,
      confidence: 'low',
      doubt: { candidates: ['14', 'unknown'] },
    });
  });

  test('a file that meets whole days by chance is not believed beside copied files of the same minute', () => {
    const lucky = withFile(copyOf14, 'targets', 1, copied, new Date(copied.getTime() + 20 * DAY_MS));
    expect(valueFor(lucky, 'targets')).toMatchObject({
      days: 20,
      confidence: 'low',
      doubt: { candidates: ['20', 'unknown'] },
    });
    const apart = withFile(copyOf14, 'targets', 1, later(0), later(20 * DAY_MS));
    expect(valueFor(apart, 'targets')).toEqual({ days: 20, confidence: 'high' });
  });

  test.each([
    [-60_001, false],
    [-60_000, true],
    [0, true],
    [119_000, true],
    [120_000, false],
  ])(
    'a file is uncertain beside one that was copied in its minute or the next: %i ms after that minute began',
    (ms, doubted) => {
      const minute = later(3 * DAY_MS + 5 * 3_600_000);
      const copy = withFile(trustedFacts(), 'snapshot', 1, minute, later(14 * DAY_MS));
      const at = new Date(minute.getTime() + ms);
      const beside = withFile(copy, 'targets', 1, at, new Date(at.getTime() + 20 * DAY_MS));
      expect(valueFor(beside, 'targets')?.confidence).toBe(doubted ? 'low' : 'high');
    },
  );

  test.each([
    [120_000, 'high'],
    [120_001, 'low'],
  ])(
    'a file written %i ms after it was signed: the other of its minute has %s confidence',
    (ms, confidence) => {
      const slow = withFile(trustedFacts(), 'snapshot', 1, later(ms), later(14 * DAY_MS));
      const beside = withFile(slow, 'targets', 1, later(ms), later(ms + 20 * DAY_MS));
      expect(valueFor(beside, 'targets')).toMatchObject({ days: 20, confidence });
    },
  );

  test('a delegated role that was copied makes the others of its minute uncertain, and is itself', () => {
    const trusted = withNightly(later(0), later(59.5 * DAY_MS));
    expect(valueFor(trusted, 'snapshot')).toMatchObject({ days: 14, confidence: 'low' });
    expect(nightlyValue(trusted)).toMatchObject({
      days: 90,
      confidence: 'low',
      doubt: { candidates: ['90', 'unknown'], why: expect.stringContaining('bootstrap always writes 90') },
    });
  });

  test('a history of which nothing can be read is none', () => {
    const history = { signings: [], listed: 3 };
    expect(valueFor(copyOf14, 'snapshot', { history })).toMatchObject({ days: 11, confidence: 'low' });
  });

  test('a file that is not listed tells nothing', () => {
    const { snapshot } = trustedFacts();
    const unlisted = { ...trustedFacts(), snapshot: { ...snapshot, object: undefined } };
    expect(valueFor(unlisted, 'snapshot')).toBeUndefined();
  });

  test('an upload that took some seconds makes no other file uncertain', () => {
    const slow = withFile(trustedFacts(), 'snapshot', 1, later(9_000), later(14 * DAY_MS));
    expect(valueFor(slow, 'snapshot')).toMatchObject({ days: 14, confidence: 'low' });
    expect(valueFor(slow, 'targets')).toEqual({ days: 90, confidence: 'high' });
  });
});

describe('clocks of server and storage that differ', () => {
  test('two files of different times that are equally far from whole days are no copies', () => {
    const skewed = withFile(trustedFacts(), 'snapshot', 2, later(40_000), later(14 * DAY_MS));
    const history = historyOf(signing(1, later(-DAY_MS), 14, -40_000));
    expect(valueFor(skewed, 'snapshot', { history })).toEqual({ days: 14, confidence: 'medium' });
    const other = historyOf(signing(1, later(-DAY_MS), 14, -55_000));
    expect(valueFor(skewed, 'snapshot', { history: other })).toMatchObject({ confidence: 'low' });
  });
});

describe('a skew of the clocks is steady', () => {
  /** The snapshot and the targets file, each as far from whole days; the second so long after the first. */
  function skewed(residueMs: number, apartMs: number): Trusted {
    const expires = (days: number, ms: number): Date => later(days * DAY_MS + residueMs + ms);
    const one = withFile(trustedFacts(), 'snapshot', 2, later(0), expires(14, 0));
    return withFile(one, 'targets', 2, later(apartMs), expires(60, apartMs));
  }

  test.each([
    ['in another role, written at another time', -40_000, 60_001, 'medium'],
    ['in another role, before', -40_000, -60_001, 'medium'],
    ['in one batch only: they may have been copied together', -40_000, 60_000, 'low'],
    ['by just less than an hour', -3_597_000, 120_000, 'medium'],
    ['by hours: no clock is that wrong', -7_200_000, 120_000, 'low'],
  ])('%s', (_, residueMs, apartMs, confidence) => {
    expect(valueFor(skewed(residueMs, apartMs), 'snapshot')).toMatchObject({ days: 14, confidence });
  });
});

describe('a role that was signed offline', () => {
  const before = signing(1, written, 90);
  const rotated = later(30 * DAY_MS + 4_000_000);

  test('as the scripts of the server do it, old expiry plus days: the version before shows the setting', () => {
    const expires = new Date(before.expires.getTime() + 60 * DAY_MS);
    const trusted = withFile(trustedFacts(), 'targets', 2, rotated, expires);
    expect(valueFor(trusted, 'targets', { history: historyOf(before) })).toEqual({
      days: 90,
      confidence: 'medium',
    });
  });

  test.each([
    ['whole days later', 60 * DAY_MS, true],
    ['whole days and a second later', 60 * DAY_MS + 1_000, false],
    ['as before', 0, false],
    ['whole days earlier', -60 * DAY_MS, false],
  ])('it expires %s', (_, addedMs, offline) => {
    const odd = { ...before, expires: new Date(before.expires.getTime() + 12_345_678) };
    const lifetime = {
      role: 'targets',
      version: 2,
      writtenAt: rotated,
      inference: { kind: 'wide', days: 90, atLeastDays: 90, residueMs: 600_000, why: '' },
      expires: new Date(odd.expires.getTime() + addedMs),
    } as const;
    expect(wasSignedOutsideServer({ ...lifetime, history: historyOf(odd) })).toBe(offline);
    expect(wasSignedOutsideServer({ ...lifetime, history: undefined })).toBe(false);
  });

  test('it makes no other file of the same minute uncertain', () => {
    const expires = new Date(before.expires.getTime() + 60 * DAY_MS);
    const offline = withFile(trustedFacts(), 'targets', 2, rotated, expires);
    const trusted = withFile(offline, 'snapshot', 2, rotated, new Date(rotated.getTime() + 14 * DAY_MS));
    const lifetimes = lifetimesOf(trusted, listingOf(trusted), new Map([['targets', historyOf(before)]]));
    const server = lifetimeRules.snapshot;
    const lifetime = lifetimes.of({ kind: 'lifetime', role: 'snapshot', server });
    expect(lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: totalLoss })).toEqual({
      days: 14,
      confidence: 'high',
    });
  });
});

describe('a lifetime that equals a default of the server', () => {
  const at7 = withFile(trustedFacts(), 'snapshot', 5, later(DAY_MS), later(8 * DAY_MS));

  test('is sure when bootstrap signed it, or every earlier version says so', () => {
    const born = withFile(trustedFacts(), 'snapshot', 1, written, later(7 * DAY_MS));
    expect(valueFor(born, 'snapshot')).toEqual({ days: 7, confidence: 'high' });
    const history = historyOf(signing(4, written, 7), signing(2, written, 7), signing(1, written, 7));
    expect(valueFor(at7, 'snapshot', { history })).toEqual({ days: 7, confidence: 'high' });
  });

  test('is uncertain when no earlier version can be read and the server continued to sign', () => {
    const history = { signings: [], listed: 4 };
    expect(valueFor(at7, 'snapshot', { history })).toMatchObject({
      days: 7,
      confidence: 'low',
      doubt: { candidates: ['7', 'unknown'] },
    });
    expect(valueFor(at7, 'snapshot', { history, loss: totalLoss })).toEqual({ days: 7, confidence: 'high' });
  });

  test('one that equals none is believed without its history, whatever was lost', () => {
    const at14 = withFile(trustedFacts(), 'snapshot', 5, later(DAY_MS), later(15 * DAY_MS));
    expect(valueFor(at14, 'snapshot')).toEqual({ days: 14, confidence: 'high' });
    expect(nightlyValue(withNightly(written, later(30 * DAY_MS)))).toEqual({ days: 30, confidence: 'high' });
    expect(nightlyValue(withNightly(written, later(90 * DAY_MS)))).toEqual({ days: 90, confidence: 'high' });
  });

  test('is uncertain when the earlier versions that can be read show no lifetime', () => {
    const history = historyOf(signing(4, later(-DAY_MS), 14, 600_000));
    expect(valueFor(at7, 'snapshot', { history })).toMatchObject({
      days: 7,
      doubt: { candidates: ['7', 'unknown'] },
    });
  });

  test('another one before it is the better guess, unless nothing suggests that it was lost', () => {
    const history = historyOf(signing(4, written, 14));
    const candidates = ['14', '7'];
    expect(valueFor(at7, 'snapshot', { history })).toMatchObject({ days: 14, doubt: { candidates } });
    expect(valueFor(at7, 'snapshot', { history, loss: totalLoss })).toMatchObject({
      days: 7,
      doubt: { candidates },
    });
  });

  describe.each([
    ['between the last versions', historyOf(signing(4, written, 14)), [0, 12, 24]],
    ['earlier', historyOf(signing(4, later(DAY_MS / 2), 7), signing(2, written, 14)), [0, 12]],
  ])('that took the place of another one %s', (_, history, within) => {
    const configured = (hours: number, role: string) =>
      new LossCircumstances(true, [
        { kind: 'configured', at: later(hours * 3_600_000), updated: [role], missing: [] },
      ]);

    test.each([-1, 0, 12, 24, 25])('with the record of a PUT config %i hours after it', (hours) => {
      const isMeant = within.includes(hours);
      expect(valueFor(at7, 'snapshot', { history, loss: configured(hours, 'snapshot') })).toMatchObject({
        days: isMeant ? 7 : 14,
        doubt: { candidates: ['14', '7'] },
      });
      expect(valueFor(at7, 'snapshot', { history, loss: configured(hours, 'targets') })?.days).toBe(14);
    });
  });

  test.each([
    [-6, false],
    [-5, true],
    [600, true],
    [601, false],
  ])(
    'a task of the server that ended %i s after it was written survived the loss: uncertain',
    (s, isDoubted) => {
      const signed = { kind: 'signed', at: later(DAY_MS + s * 1_000) } as const;
      const loss = new LossCircumstances(false, [signed]);
      expect(valueFor(at7, 'snapshot', { loss })?.confidence).toBe(isDoubted ? 'low' : 'high');
    },
  );

  test('365 days for targets are never more than medium, and below a server with bounds not believed', () => {
    const year = withFile(trustedFacts(), 'targets', 3, later(DAY_MS), later(366 * DAY_MS));
    const always = historyOf(signing(2, written, 365), signing(1, written, 365));
    expect(valueFor(year, 'targets', { history: always })).toEqual({ days: 365, confidence: 'medium' });
    expect(valueFor(year, 'targets', { history: historyOf(signing(2, written, 90)) })).toEqual({
      days: 90,
      confidence: 'medium',
    });
  });

  test('365 days after 180 on a server without bounds, which writes fractions of a second, may be meant', () => {
    const year = withFile(trustedFacts(), 'targets', 3, later(DAY_MS), later(366 * DAY_MS));
    const old = signing(2, written, 180);
    const fractional = { ...old, expires: new Date(old.expires.getTime() + 312) };
    expect(valueFor(year, 'targets', { history: historyOf(fractional) })).toMatchObject({
      days: 180,
      doubt: { candidates: ['180', '365'] },
    });
  });

  test('a timestamp of one day is believed after a total loss, unless its batch was signed with defaults', () => {
    const day = withFile(trustedFacts(), 'timestamp', 4, later(DAY_MS), later(2 * DAY_MS));
    expect(valueFor(day, 'timestamp', { loss: totalLoss })).toEqual({ days: 1, confidence: 'high' });
    const batch = withFile(day, 'snapshot', 4, later(DAY_MS), later(8 * DAY_MS));
    const lifetimes = lifetimesOf(
      batch,
      listingOf(batch),
      new Map([['snapshot', historyOf(signing(3, written, 14))]]),
    );
    const server = lifetimeRules.timestamp;
    const lifetime = lifetimes.of({ kind: 'lifetime', role: 'timestamp', server });
    expect(lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: totalLoss })).toMatchObject({
      days: 1,
      doubt: { candidates: ['1', 'unknown'] },
    });
  });

  test('a delegated role is 90 whatever metadata/online signed: bootstrap writes it and nothing changes it', () => {
    const trusted = trustedFacts(['nightly']);
    const [nightly] = trusted.delegated;
    const online = {
      ...trusted,
      delegated: nightly ? [{ ...nightly, version: 2, expires: later(365 * DAY_MS) }] : [],
    };
    const lifetimes = lifetimesOf(online, listingOf(online));
    const server = lifetimeRules.delegated;
    const lifetime = lifetimes.of({ kind: 'delegatedLifetime', role: 'nightly', server });
    expect(lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: partialLoss })).toEqual({
      days: 90,
      confidence: 'medium',
    });
  });
});

describe('a timestamp of one day in the batch of a file', () => {
  const batch = later(DAY_MS);
  const day = withFile(trustedFacts(), 'timestamp', 4, batch, later(2 * DAY_MS));
  const snapshotAt = (days: number, residueMs = 0) =>
    withFile(day, 'snapshot', 4, batch, later((days + 1) * DAY_MS + residueMs));
  const earlier = (days: number) => historyOf(signing(3, written, days));

  test.each<[string, Trusted, SigningHistory | undefined, number | undefined]>([
    ['whose lifetime changed to the default', snapshotAt(7), earlier(14), undefined],
    ['whose lifetime always was the default', snapshotAt(7), earlier(7), 1],
    ['whose earlier lifetimes are not known', snapshotAt(7), undefined, 1],
    ['whose lifetime changed to another one', snapshotAt(20), earlier(14), 1],
    ['that does not show its lifetime', snapshotAt(7, 10_000), earlier(14), 1],
    [
      'of a delegated role beyond the bound of the server',
      withNightly(batch, later(366 * DAY_MS), day),
      undefined,
      undefined,
    ],
    [
      'of a delegated role at the bound of the server',
      withNightly(batch, later(181 * DAY_MS), day),
      undefined,
      1,
    ],
    [
      'of a delegated role that does not show its lifetime',
      withNightly(batch, later(366 * DAY_MS + 10_000), day),
      undefined,
      1,
    ],
  ])('%s', (_, trusted, history, sure) => {
    const histories = new Map(history === undefined ? [] : [['snapshot', history] as const]);
    const lifetimes = lifetimesOf(trusted, listingOf(trusted), histories);
    const server = lifetimeRules.timestamp;
    const lifetime = lifetimes.of({ kind: 'lifetime', role: 'timestamp', server });
    const value = lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: totalLoss });
    expect([value?.days, value?.doubt === undefined]).toEqual([1, sure === 1]);
  });

  test('tells nothing about the others: it has no history', () => {
    const history = { signings: [], listed: 4 };
    expect(valueFor(snapshotAt(7), 'snapshot', { history, loss: totalLoss })).toEqual({
      days: 7,
      confidence: 'high',
    });
  });

  test('two files that changed to defaults together make each other suspect, one alone not itself', () => {
    const together = withFile(snapshotAt(7), 'targets', 4, batch, later(366 * DAY_MS));
    const histories = new Map([
      ['snapshot', earlier(14)],
      ['targets', historyOf(signing(3, written, 400))],
    ] as const);
    const server = lifetimeRules.snapshot;
    const valueIn = (trusted: Trusted) => {
      const lifetimes = lifetimesOf(trusted, listingOf(trusted), histories);
      const lifetime = lifetimes.of({ kind: 'lifetime', role: 'snapshot', server });
      return lifetime && lifetimeValue({ server, lifetime, lifetimes, loss: totalLoss });
    };
    expect(valueIn(together)?.days).toBe(14);
    expect(valueIn(snapshotAt(7))?.days).toBe(7);
  });
});

describe('earlier versions are read', () => {
  const { snapshot, delegated } = lifetimeRules;
  const wide = { kind: 'wide', days: 12, atLeastDays: 12, residueMs: 9_000, why: '' } as const;
  const days = (count: number) => ({ kind: 'days', days: count, confidence: 'high' }) as const;
  const lifetime = {
    role: 'snapshot',
    version: 5,
    writtenAt: written,
    expires: later(DAY_MS),
    history: undefined,
  };

  test.each([
    ['of a file that shows no lifetime', wide, snapshot, true],
    ['of one that shows the default', days(7), snapshot, true],
    ['of one that shows another lifetime', days(14), snapshot, false],
    ['of one that shows a second default', days(365), delegated, true],
    ['of one that is not listed', { kind: 'none', why: '' } as const, snapshot, false],
  ])('%s', (_, inference, rules, wanted) => {
    expect(needsHistory({ ...lifetime, inference }, rules)).toBe(wanted);
    expect(needsHistory({ ...lifetime, inference, history: historyOf() }, rules)).toBe(false);
  });

  test('and kept for each role', () => {
    const one = historyOf(signing(1, written, 7));
    const two = historyOf(signing(1, written, 90));
    const lifetimes = lifetimesOf(trustedFacts()).withHistory('snapshot', one).withHistory('targets', two);
    expect([...lifetimes.histories]).toEqual([
      ['snapshot', one],
      ['targets', two],
    ]);
    expect(lifetimes.of({ kind: 'lifetime', role: 'snapshot', server: snapshot })?.history).toBe(one);
  });
});

test('a record of a signing is none of a configuration, and the other way round', () => {
  const signed = new LossCircumstances(false, [{ kind: 'signed', at: written }]);
  expect(signed.configuredBetween('targets', written, written)).toBe(false);
  expect(signed.signedAfter(written)).toBe(true);
  const configured = { kind: 'configured', at: written, updated: ['targets'], missing: [] } as const;
  const set = new LossCircumstances(false, [configured]);
  expect(set.configuredBetween('targets', written, written)).toBe(true);
  expect(set.signedAfter(written)).toBe(false);
});

describe('the version before a change is found', () => {
  /** Reads as the run does, with everything readable. */
  function search(days: number, lifetimes: readonly number[]) {
    const listed = lifetimes.map((_, i) => i + 1);
    const read = new Map<number, number | undefined>();
    for (;;) {
      const version = nextProbe(days, listed, read);
      if (version === undefined) {
        return read;
      }
      read.set(version, lifetimes[version - 1]);
    }
  }

  test('wherever it lies, in a number of reads that grows with the logarithm of the history', () => {
    const runs = fc.record({
      before: fc.integer({ min: 1, max: 400 }),
      since: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(runs, ({ before, since }) => {
        const lifetimes = [...Array(before).fill(14), ...Array(since).fill(7)];
        const read = search(7, lifetimes);
        const signings = [...read].map(([version, days]) =>
          signing(version, later(version * 1000), days ?? 0),
        );
        const found = changeTo(7, historyOf(...signings.sort((a, b) => b.version - a.version)));
        expect(found?.before.version).toBe(before);
        expect(read.size).toBeLessThanOrEqual(3 + Math.ceil(Math.log2(before + since + 1)));
      }),
    );
  });

  test('three reads say that nothing ever changed', () => {
    expect(search(7, Array(1_000).fill(7)).size).toBe(3);
    expect(search(7, [7]).size).toBe(1);
    expect(search(7, []).size).toBe(0);
  });

  test('only the version before the head is read when the head shows no lifetime', () => {
    expect(nextProbe(undefined, [1, 2, 3], new Map())).toBe(3);
    expect(nextProbe(undefined, [1, 2, 3], new Map([[3, 14]]))).toBeUndefined();
  });
});
