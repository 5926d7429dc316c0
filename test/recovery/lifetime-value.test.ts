import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lifetimeRules } from '../../src/faynosync/lifetimes.ts';
import { lifetimeValue } from '../../src/recovery/plan/lifetime-value.ts';
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
    expect(valueFor(lucky, 'targets')).toMatchObject({ days: 20, confidence: 'low' });
    const apart = withFile(copyOf14, 'targets', 1, later(0), later(20 * DAY_MS));
    expect(valueFor(apart, 'targets')).toEqual({ days: 20, confidence: 'high' });
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
