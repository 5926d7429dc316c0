import type { HighWaterMarks } from '../../../../src/tuf/verify/verification.ts';
import { REFERENCE_TIME, Repository } from '../repository.ts';
import { BASE, fileOf, type Mutation, sha256 } from './mutation.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A date-time so many days before the reference time. */
function daysAgo(days: number): string {
  return `${new Date(REFERENCE_TIME.getTime() - days * DAY).toISOString().slice(0, 19)}Z`;
}

/** The snapshot of an earlier state of the same repository. */
function earlierSnapshot(change: (repository: Repository) => void): Buffer {
  const earlier = new Repository({ ...BASE, version: 2 });
  change(earlier);
  return fileOf(earlier.seal(), '2.snapshot.json');
}

const marks =
  (value: HighWaterMarks): NonNullable<Mutation['verify']> =>
  () => ({ marks: value });

/** Checks 14 to 18: what was known before, and expiry. */
export const HISTORY_MUTATIONS: readonly Mutation[] = [
  {
    name: 'root 5 was verified before and the bucket ends at root 2',
    code: 'RootRollback',
    role: 'root',
    severity: 'deny',
    verify: marks({ root: { version: 5 } }),
  },
  {
    name: 'timestamp 9 was verified before',
    code: 'TimestampRollback',
    role: 'timestamp',
    severity: 'deny',
    verify: marks({ timestamp: { version: 9 } }),
  },
  {
    name: 'snapshot 9 was verified before',
    code: 'SnapshotRollback',
    role: 'snapshot',
    severity: 'deny',
    verify: (files) => {
      const snapshot = fileOf(files, '3.snapshot.json');
      return { marks: { snapshot: { version: 9 }, snapshotBytes: snapshot } };
    },
  },
  {
    name: 'timestamp 3 was verified before with other bytes',
    code: 'HeadReplaced',
    role: 'timestamp',
    severity: 'deny',
    verify: marks({ timestamp: { version: 3, sha256: '0'.repeat(64) } }),
  },
  {
    name: 'root 1 was verified before with other bytes',
    code: 'HeadReplaced',
    role: 'root',
    severity: 'deny',
    verify: marks({ root: { version: 1, sha256: '0'.repeat(64) } }),
  },
  {
    name: 'the root that was verified before is not in the chain that would be trusted on first use',
    code: 'RememberedRootMissing',
    also: ['RootTrustedOnFirstUse', 'FirstRootUnlinked'],
    role: 'root',
    severity: 'deny',
    apply: (repository) => repository.fileEdits.push((files) => files.delete('1.root.json')),
    verify: () => ({
      anchor: { kind: 'first-use' },
      marks: { root: { version: 1, sha256: sha256(fileOf(new Repository(BASE).seal(), '1.root.json')) } },
    }),
  },
  {
    name: 'the timestamp verified before names a newer snapshot',
    code: 'SnapshotRollback',
    role: 'snapshot',
    severity: 'deny',
    verify: () => ({
      marks: { timestampBytes: fileOf(new Repository({ ...BASE, version: 4 }).seal(), 'timestamp.json') },
    }),
  },
  {
    name: 'a minimum is given for a role that is no longer delegated',
    code: 'BelowMinimumVersion',
    role: 'gone',
    severity: 'deny',
    verify: () => ({ policy: { mode: 'recovery', minimumVersions: { gone: 1 } } }),
  },
  {
    name: 'a role is below the minimum that was given',
    code: 'BelowMinimumVersion',
    role: 'stable',
    severity: 'deny',
    verify: () => ({ policy: { mode: 'recovery', minimumVersions: { stable: 4, targets: 3 } } }),
  },
  {
    name: 'the earlier snapshot listed a role more',
    code: 'RoleRemovedFromSnapshot',
    role: 'snapshot',
    severity: 'deny',
    verify: () => {
      const snapshotBytes = earlierSnapshot((repository) => repository.delegate('targets', { name: 'gone' }));
      return { marks: { snapshot: { version: 2 }, snapshotBytes } };
    },
  },
  {
    name: 'the earlier snapshot listed a higher version of a role',
    code: 'RoleVersionLowered',
    role: 'snapshot',
    severity: 'deny',
    verify: () => {
      const snapshotBytes = earlierSnapshot((repository) => {
        repository.file('stable').version = 7;
      });
      return { marks: { snapshot: { version: 2 }, snapshotBytes } };
    },
  },
  {
    name: 'the earlier snapshot, still in the bucket, listed a role more',
    code: 'RoleRemovedFromSnapshot',
    role: 'snapshot',
    severity: 'deny',
    apply: (repository) => {
      const old = earlierSnapshot((earlier) => earlier.delegate('targets', { name: 'gone' }));
      repository.fileEdits.push((files) => files.set('2.snapshot.json', old));
    },
    verify: (files) => ({
      marks: { snapshot: { version: 2, sha256: sha256(fileOf(files, '2.snapshot.json')) } },
    }),
  },
  {
    name: 'the earlier snapshot is no longer in the bucket',
    code: 'EarlierSnapshotUnavailable',
    role: 'snapshot',
    severity: 'report',
    verify: marks({ snapshot: { version: 2, sha256: '0'.repeat(64) } }),
  },
  {
    name: 'the timestamp key was rotated after a version had been raised to the maximum',
    code: 'MarksReset',
    role: 'timestamp',
    severity: 'report',
    options: { rotate: ['root', 'timestamp'] },
    verify: marks({ root: { version: 1 }, timestamp: { version: 999_999 }, snapshot: { version: 999_999 } }),
  },
  {
    name: 'the timestamp key was rotated away and back again',
    code: 'MarksReset',
    role: 'timestamp',
    severity: 'report',
    options: { roots: 3, rotate: ['timestamp'] },
    apply: (repository) => {
      const { keys, roles } = repository.root(1).signed;
      Object.assign(repository.root(3).signed, { keys, roles });
      repository.timestamp.signers = repository.keysOf('timestamp', 1);
    },
    verify: marks({ root: { version: 1 }, timestamp: { version: 999_999 }, snapshot: { version: 999_999 } }),
  },
  {
    name: 'root is expired',
    code: 'RootExpired',
    role: 'root',
    severity: 'report',
    apply: (repository) => {
      repository.root(2).signed['expires'] = daysAgo(400);
    },
  },
  ...(['timestamp', 'snapshot', 'targets', 'stable'] as const).map(
    (role): Mutation => ({
      name: `${role} expired two days ago`,
      code: 'MetadataExpired',
      role,
      severity: 'report',
      apply: (repository) => {
        repository.file(role).signed['expires'] = daysAgo(2);
      },
    }),
  ),
  {
    name: 'timestamp expires exactly now',
    code: 'MetadataExpired',
    role: 'timestamp',
    severity: 'report',
    apply: (repository) => {
      repository.timestamp.signed['expires'] = daysAgo(0);
    },
  },
  {
    name: 'timestamp expired as long ago as the policy accepts',
    code: 'MetadataExpired',
    role: 'timestamp',
    severity: 'report',
    apply: (repository) => {
      repository.timestamp.signed['expires'] = daysAgo(30);
    },
  },
  {
    name: 'timestamp expired a second longer ago than the policy accepts',
    code: 'ExpiredTooLong',
    role: 'timestamp',
    severity: 'deny',
    apply: (repository) => {
      repository.timestamp.signed['expires'] = daysAgo(30 + 1 / 86_400);
    },
  },
  {
    name: 'timestamp expired longer ago than the policy accepts',
    code: 'ExpiredTooLong',
    role: 'timestamp',
    severity: 'deny',
    apply: (repository) => {
      repository.timestamp.signed['expires'] = daysAgo(31);
    },
  },
  {
    name: 'timestamp is expired and nothing outside the bucket is known',
    code: 'ReplayIndistinguishable',
    role: 'timestamp',
    severity: 'deny',
    also: ['MetadataExpired', 'RootTrustedOnFirstUse'],
    apply: (repository) => {
      repository.timestamp.signed['expires'] = daysAgo(2);
    },
    verify: () => ({ anchor: { kind: 'first-use' } }),
  },
  ...['tomorrow', '2034-02-30T00:00:00Z', '2034-01-01', '2034-01-01T00:00:00', 2034, null].map(
    (expires): Mutation => ({
      name: `expires of targets is ${JSON.stringify(expires)}`,
      code: 'InvalidExpires',
      role: 'targets',
      severity: 'wall',
      apply: (repository) => {
        repository.targets.signed['expires'] = expires;
      },
    }),
  ),
  {
    name: 'expires carries fractions of a second',
    code: 'UnusualExpires',
    role: 'targets',
    severity: 'report',
    apply: (repository) => {
      repository.targets.signed['expires'] = '2034-09-30T11:29:58.187585Z';
    },
  },
];
