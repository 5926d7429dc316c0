import type { Draft } from '../metadata-file.ts';
import type { Repository } from '../repository.ts';
import { fileOf, type Mutation, rewrite } from './mutation.ts';

const drop =
  (name: string): NonNullable<Mutation['apply']> =>
  (repository) => {
    repository.fileEdits.push((files) => files.delete(name));
  };

/** Puts the content of one file under the name of another. */
const copy =
  (from: string, to: string): NonNullable<Mutation['apply']> =>
  (repository) => {
    repository.fileEdits.push((files) => files.set(to, fileOf(files, from)));
  };

const truncate = (bytes: Buffer): Buffer => bytes.subarray(0, -1);

/** Another byte of whitespace: the JSON stays what it was, the digest does not. */
const respace = (bytes: Buffer): Buffer => Buffer.from(bytes.toString().replace('\t', ' '));

function linksOf(repository: Repository, change: (meta: Draft) => void): void {
  repository.snapshot.edits.push((signed) => change(signed['meta'] as Draft));
}

function timestampLink(repository: Repository, change: (link: Draft) => void): void {
  repository.timestamp.edits.push((signed) => {
    const meta = signed['meta'] as { 'snapshot.json': Draft };
    change(meta['snapshot.json']);
  });
}

/** Checks 11 to 13: from timestamp to snapshot to every role, and names against content. */
export const LINK_MUTATIONS: readonly Mutation[] = [
  {
    name: 'timestamp.json is missing',
    code: 'TimestampMissing',
    role: 'timestamp',
    severity: 'wall',
    apply: drop('timestamp.json'),
  },
  {
    name: 'the timestamp names a second file',
    code: 'TimestampMetaInvalid',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => {
      repository.timestamp.edits.push((signed) => {
        Object.assign(signed['meta'] as Draft, { 'targets.json': { version: 3 } });
      });
    },
  },
  {
    name: 'the newest snapshot is deleted',
    code: 'SnapshotMissing',
    role: 'snapshot',
    severity: 'wall',
    apply: drop('3.snapshot.json'),
  },
  {
    name: 'snapshots are not consistent and files have no version in their names',
    code: 'UnversionedRepository',
    role: 'snapshot',
    severity: 'wall',
    apply: (repository) => {
      repository.root(2).signed['consistent_snapshot'] = false;
      repository.fileEdits.push((files) => {
        for (const role of ['snapshot', 'targets', 'stable', 'beta']) {
          files.set(`${role}.json`, fileOf(files, `3.${role}.json`));
          files.delete(`3.${role}.json`);
        }
      });
    },
  },
  {
    name: 'the upload of the snapshot was cut off',
    code: 'SnapshotLengthMismatch',
    role: 'snapshot',
    severity: 'wall',
    apply: (repository) => rewrite(repository, '3.snapshot.json', truncate),
  },
  {
    name: 'the snapshot is another file of the same length',
    code: 'SnapshotHashMismatch',
    role: 'snapshot',
    severity: 'wall',
    apply: (repository) => rewrite(repository, '3.snapshot.json', respace),
  },
  {
    name: 'the timestamp names a digest in upper case',
    code: 'SnapshotHashMismatch',
    role: 'snapshot',
    severity: 'wall',
    apply: (repository) =>
      timestampLink(repository, (link) => {
        const hashes = link['hashes'] as { sha256: string };
        hashes.sha256 = hashes.sha256.toUpperCase();
      }),
  },
  {
    name: 'an older snapshot lies under the newer name',
    code: 'SnapshotVersionMismatch',
    role: 'snapshot',
    severity: 'wall',
    options: { digests: false },
    apply: (repository) => {
      repository.timestamp.edits.push((signed) => {
        signed['meta'] = { 'snapshot.json': { version: 4 } };
      });
      copy('3.snapshot.json', '4.snapshot.json')(repository);
    },
  },
  {
    name: 'the snapshot does not list targets',
    code: 'RoleNotInSnapshot',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => linksOf(repository, (meta) => delete meta['targets.json']),
  },
  {
    name: 'the snapshot does not list a delegated role',
    code: 'RoleNotInSnapshot',
    role: 'stable',
    severity: 'deny',
    apply: (repository) => linksOf(repository, (meta) => delete meta['stable.json']),
  },
  {
    name: 'the newest targets is deleted',
    code: 'RoleMissing',
    role: 'targets',
    severity: 'wall',
    apply: drop('3.targets.json'),
  },
  {
    name: "a delegated role's file is deleted",
    code: 'RoleMissing',
    role: 'stable',
    severity: 'deny',
    apply: drop('3.stable.json'),
  },
  {
    name: 'the upload of targets was cut off',
    code: 'RoleLengthMismatch',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => rewrite(repository, '3.targets.json', truncate),
  },
  {
    name: "a delegated role's file is another one of the same length",
    code: 'RoleHashMismatch',
    role: 'stable',
    severity: 'deny',
    apply: (repository) => rewrite(repository, '3.stable.json', respace),
  },
  {
    name: 'a digest is of an unknown algorithm',
    code: 'RoleHashMismatch',
    role: 'stable',
    severity: 'deny',
    apply: (repository) =>
      linksOf(repository, (meta) => {
        const link = meta['stable.json'] as { hashes: Draft };
        link.hashes['blake9'] = '00';
      }),
  },
  {
    name: 'an older delegated file is renamed to the newer version',
    code: 'RoleVersionMismatch',
    role: 'stable',
    severity: 'deny',
    options: { digests: false },
    apply: (repository) => {
      linksOf(repository, (meta) => {
        meta['stable.json'] = { version: 4 };
      });
      copy('3.stable.json', '4.stable.json')(repository);
    },
  },
  {
    name: 'an old targets is copied to a high number',
    code: 'RenamedVersionAboveHead',
    role: 'targets',
    severity: 'report',
    apply: copy('3.targets.json', '999.targets.json'),
  },
];
