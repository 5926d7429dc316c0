import { describe, expect, test } from 'vitest';
import { Listing } from '../../src/storage/listing.ts';
import { catalogue } from '../../src/tuf/metadata/catalogue.ts';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import type { FileLink } from '../../src/tuf/metadata/link.ts';
import type { Snapshot } from '../../src/tuf/metadata/snapshot.ts';
import type { Version } from '../../src/tuf/metadata/version.ts';
import { checkExpiry } from '../../src/tuf/verify/expiry.ts';
import { RollbackCheck } from '../../src/tuf/verify/rollback.ts';
import type { VerifyOptions, VerifyPolicy } from '../../src/tuf/verify/verification.ts';
import { VerificationContext } from '../../src/tuf/verify/verification-context.ts';
import { faultOf } from './fault-of.ts';
import { MemorySource } from './generator/memory-source.ts';

const NOW = new Date('2030-01-01T00:00:00Z');
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

/** A verification before it has read anything. */
function contextWith(changes: Partial<VerifyOptions> = {}): VerificationContext {
  return new VerificationContext(new MemorySource(new Map()), catalogue(new Listing()), {
    anchor: { kind: 'first-use' },
    policy: { mode: 'recovery' },
    now: NOW,
    ...changes,
  });
}

/** What the check finds about the state whose timestamp has version 5. */
function found(check: (rollback: RollbackCheck) => void, changes: Partial<VerifyOptions> = {}) {
  const run = contextWith(changes);
  check(new RollbackCheck(run, 5));
  return run.findings.sorted().map(({ code, severity, role, version }) => [code, severity, role, version]);
}

describe('a file is held against what was verified before', () => {
  test.each([
    ['root', 'RootRollback'],
    ['timestamp', 'TimestampRollback'],
    ['snapshot', 'SnapshotRollback'],
  ] as const)('%s', (role, code) => {
    const against = (
      version: number,
      sha256: string,
      mark: { version: number; sha256?: string } | undefined,
    ) => found((rollback) => rollback.againstMark(role, { version, sha256 }, mark));
    expect(against(1, A, undefined)).toEqual([]);
    expect(against(2, A, { version: 3 })).toEqual([[code, 'deny', role, 2]]);
    expect(against(2, A, { version: 3, sha256: A })).toEqual([[code, 'deny', role, 2]]);
    expect(against(3, A, { version: 3 })).toEqual([]);
    expect(against(3, A, { version: 3, sha256: A })).toEqual([]);
    expect(against(3, A, { version: 3, sha256: B })).toEqual([['HeadReplaced', 'deny', role, 3]]);
    expect(against(4, A, { version: 3, sha256: B })).toEqual([]);
  });

  test('a snapshot below the mark is left to the check of what the timestamp names', () => {
    const against = (version: number, mark: { version: number; sha256: string } | undefined) =>
      found((rollback) => rollback.againstReplacedSnapshot({ version, sha256: A }, mark));
    expect(against(2, { version: 3, sha256: B })).toEqual([]);
    expect(against(3, { version: 3, sha256: B })).toEqual([['HeadReplaced', 'deny', 'snapshot', 3]]);
    expect(against(3, { version: 3, sha256: A })).toEqual([]);
    expect(against(4, { version: 3, sha256: B })).toEqual([]);
    expect(against(4, undefined)).toEqual([]);
  });

  test.each<[Version, Version | undefined, boolean]>([
    [2, 3, true],
    [3, 3, false],
    [4, 3, false],
    [1, undefined, false],
    [2n ** 60n, 2n ** 60n + 1n, true],
  ])('the timestamp names snapshot %s and %s was verified: refused %s', (named, trusted, refused) => {
    const codes = found((rollback) => rollback.againstNamedSnapshot(named, trusted)).map(([code]) => code);
    expect(codes).toEqual(refused ? ['SnapshotRollback'] : []);
  });

  test('a remembered root must be in a chain that nothing else vouches for', () => {
    const chain = (...versions: number[]) => versions.map((version) => ({ version, sha256: A }));
    const against = (
      roots: ReturnType<typeof chain>,
      mark: { version: number } | undefined,
      changes: Partial<VerifyOptions> = {},
    ) => found((rollback) => rollback.againstRememberedRoot(roots, mark), changes);
    const missing = [['RememberedRootMissing', 'deny', 'root', 5]];
    expect(against(chain(4, 5), { version: 3 })).toEqual(missing);
    expect(against(chain(3, 4, 5), { version: 2 })).toEqual(missing);
    expect(against(chain(3, 4, 5), { version: 3 })).toEqual([]);
    expect(against(chain(4, 5), { version: 4 })).toEqual([]);
    expect(against(chain(4, 5), { version: 5 })).toEqual([]);
    expect(against(chain(4, 5), { version: 6 })).toEqual([]);
    expect(against(chain(4, 5), undefined)).toEqual([]);
    expect(against([], { version: 3 })).toEqual([]);
    expect(against(chain(4, 5), { version: 3 }, { anchor: { kind: 'sha256', sha256: A } })).toEqual([]);
  });
});

test('a snapshot lists every role that the earlier one listed, in no lower version', () => {
  const { envelope } = openFile(
    Buffer.from(
      '{"signatures":[],"signed":{"_type":"snapshot","expires":"2031-01-01T00:00:00Z","spec_version":"1.0.0","version":7}}',
    ),
    'snapshot',
    'unambiguous',
  );
  const link = (version: Version): FileLink => ({ version, length: undefined, hashes: new Map() });
  const snapshotOf = (roles: Readonly<Record<string, Version>>): Snapshot => ({
    envelope,
    roles: new Map(Object.entries(roles).map(([role, version]) => [role, link(version)])),
  });
  const earlier = snapshotOf({ targets: 3, a: 2, b: 1, c: 2n ** 60n });
  const now = snapshotOf({ targets: 3, a: 1, c: 2n ** 60n - 1n, d: 1 });
  const run = contextWith();
  new RollbackCheck(run, 5).againstSnapshot(now, earlier);
  const findings = run.findings.sorted();
  expect(findings.map(({ code, severity, role, version }) => [code, severity, role, version])).toEqual([
    ['RoleRemovedFromSnapshot', 'deny', 'snapshot', 7],
    ['RoleVersionLowered', 'deny', 'snapshot', 7],
    ['RoleVersionLowered', 'deny', 'snapshot', 7],
  ]);
  expect(findings[0]?.detail).toContain('snapshot 7 listed version 1 of "b"; snapshot 7 lists none');
  expect(findings[1]?.detail).toContain('listed version 1152921504606846976 of "c"');
  expect(findings[2]?.detail).toContain('listed version 2 of "a"; snapshot 7 lists 1');
});

describe('an expired state may be a replayed one', () => {
  const replay = (expired: boolean, changes: Partial<VerifyOptions> = {}) =>
    found((rollback) => rollback.againstReplay(expired), changes);

  test('where no root is pinned and nothing was verified before', () => {
    expect(replay(true)).toEqual([['ReplayIndistinguishable', 'deny', 'timestamp', undefined]]);
    expect(replay(true, { marks: {} })).toHaveLength(1);
    expect(replay(false)).toEqual([]);
  });

  test.each<Partial<VerifyOptions>>([
    { anchor: { kind: 'sha256', sha256: A } },
    { policy: { mode: 'strict' } },
    { marks: { root: { version: 1 } } },
    { marks: { timestamp: { version: 1 } } },
    { marks: { snapshot: { version: 1 } } },
  ])('and is not one with %j', (changes) => {
    expect(replay(true, changes)).toEqual([]);
  });
});

test('a role below its minimum version is refused, and so is one that is not there, unless its file failed', () => {
  const minimums = (minimumVersions: Readonly<Record<string, number>> | undefined) =>
    found(
      (rollback) =>
        rollback.againstMinimums(
          new Map<string, Version>([
            ['targets', 3],
            ['a', 2n ** 60n],
          ]),
          new Set(['failed']),
        ),
      { policy: { mode: 'recovery', ...(minimumVersions && { minimumVersions }) } },
    );
  expect(minimums(undefined)).toEqual([]);
  expect(minimums({ targets: 3, a: 4, failed: 9 })).toEqual([]);
  expect(minimums({ targets: 4, absent: 1 })).toEqual([
    ['BelowMinimumVersion', expect.any(String), 'absent', undefined],
    ['BelowMinimumVersion', expect.any(String), 'targets', 3],
  ]);
});

test('acceptRollbackTo accepts the state of exactly that timestamp, and says so', () => {
  const run = (acceptRollbackTo: number) => {
    const context = contextWith({ policy: { mode: 'recovery', acceptRollbackTo } });
    new RollbackCheck(context, 5).againstMark('timestamp', { version: 5, sha256: A }, { version: 9 });
    return context.findings.sorted()[0];
  };
  expect(run(5)).toMatchObject({
    severity: 'report',
    detail: expect.stringContaining('accepted by trust.acceptRollbackTo'),
  });
  expect(run(4)).toMatchObject({ severity: 'deny', override: expect.any(String) });
  expect(run(6)).toMatchObject({ severity: 'deny' });
});

describe('expiry', () => {
  const DAY = 86_400;
  const fileOf = (expires: string) =>
    openFile(
      Buffer.from(
        JSON.stringify({
          signatures: [],
          signed: { _type: 'targets', spec_version: '1.0.0', version: 7, expires },
        }),
      ),
      'targets',
      'unambiguous',
    ).envelope;
  const secondsAgo = (seconds: number): string =>
    `${new Date(NOW.getTime() - seconds * 1000).toISOString().slice(0, 19)}Z`;

  /** The findings, or the code of the fault. */
  function judged(expires: string, role = 'targets', policy: Partial<VerifyPolicy> = {}) {
    const run = contextWith({ policy: { mode: 'recovery', ...policy } });
    const fault = faultOf(() => checkExpiry(run, role, fileOf(expires)));
    if (fault !== undefined) {
      return `refused: ${fault.code}`;
    }
    return run.findings.sorted().map(({ code, role, version }) => [code, role, version]);
  }

  test.each<[number, string, readonly string[]]>([
    [-1, 'targets', []],
    [0, 'targets', ['MetadataExpired']],
    [30 * DAY, 'targets', ['MetadataExpired']],
    [30 * DAY + 1, 'targets', ['ExpiredTooLong']],
    [-1, 'root', []],
    [0, 'root', ['RootExpired']],
    [9_000 * DAY, 'root', ['RootExpired']],
  ])('%i s ago, of %s: %j', (seconds, role, codes) => {
    expect(judged(secondsAgo(seconds), role)).toEqual(codes.map((code) => [code, role, 7]));
    const fault = role === 'root' ? 'RootExpired' : 'MetadataExpired';
    for (const policy of [{ mode: 'strict' }, { refuseExpired: true }] as const) {
      expect(judged(secondsAgo(seconds), role, policy)).toEqual(seconds < 0 ? [] : `refused: ${fault}`);
    }
  });

  test('a person may shorten how long ago it may be', () => {
    expect(judged(secondsAgo(60), 'targets', { maxExpiredAgeSeconds: 60 })).toEqual([
      ['MetadataExpired', 'targets', 7],
    ]);
    expect(judged(secondsAgo(61), 'targets', { maxExpiredAgeSeconds: 60 })).toEqual([
      ['ExpiredTooLong', 'targets', 7],
    ]);
    expect(judged(secondsAgo(1), 'targets', { maxExpiredAgeSeconds: 0 })).toEqual([
      ['ExpiredTooLong', 'targets', 7],
    ]);
  });

  test('a date that is not spelled as the specification has it is named', () => {
    expect(judged('2031-01-01T00:00:00.5Z')).toEqual([['UnusualExpires', 'targets', 7]]);
    expect(judged('2031-01-01T02:00:00+02:00')).toEqual([['UnusualExpires', 'targets', 7]]);
    expect(judged('2030-01-01T00:00:00+00:00')).toHaveLength(2);
  });

  test.each([
    [59, '0 h 0 min'],
    [3_661, '1 h 1 min'],
    [DAY - 1, '23 h 59 min'],
    [DAY, '1 d 0 h'],
    [3 * DAY + 7_200, '3 d 2 h'],
  ])('%i s ago is written as %s', (seconds, age) => {
    const run = contextWith();
    checkExpiry(run, 'targets', fileOf(secondsAgo(seconds)));
    expect(run.findings.sorted()[0]?.detail).toContain(
      `expired at ${secondsAgo(seconds).slice(0, 19)}.000Z, ${age} ago`,
    );
  });
});
