import { Repository } from '../repository.ts';
import { BASE, fileOf, flipNibble, idsOf, type Mutation, sha256 } from './mutation.ts';

const pinned =
  (name: string): NonNullable<Mutation['verify']> =>
  (files) => ({
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, name)) },
  });

const drop =
  (name: string): NonNullable<Mutation['apply']> =>
  (repository) => {
    repository.fileEdits.push((files) => files.delete(name));
  };

/** Checks 1 to 4: the trust anchor and the chain of roots. */
export const ROOT_MUTATIONS: readonly Mutation[] = [
  {
    name: 'the pin is the digest of another root',
    code: 'PinnedRootNotFound',
    role: 'root',
    severity: 'wall',
    verify: () => ({ anchor: { kind: 'sha256', sha256: '0'.repeat(64) } }),
  },
  {
    name: 'the bucket is empty, and a root is pinned',
    code: 'RootMissing',
    role: 'root',
    severity: 'wall',
    apply: (repository) => repository.fileEdits.push((files) => files.clear()),
    verify: () => ({ anchor: { kind: 'sha256', sha256: '0'.repeat(64) } }),
  },
  {
    name: 'the bucket is empty, and no root is pinned',
    code: 'RootMissing',
    role: 'root',
    severity: 'wall',
    apply: (repository) => repository.fileEdits.push((files) => files.clear()),
    verify: () => ({ anchor: { kind: 'first-use' } }),
  },
  {
    name: "the pinned root's own signature is broken",
    code: 'PinnedRootInvalid',
    role: 'root',
    severity: 'wall',
    apply: (repository) =>
      repository.root(1).signatureEdits.push((signatures) => {
        for (const signature of signatures) {
          signature.sig = flipNibble(signature.sig);
        }
      }),
  },
  {
    name: 'the bucket holds another root 1 than the one given as bytes',
    code: 'PinnedRootDiffers',
    role: 'root',
    severity: 'wall',
    verify: () => {
      const other = new Repository(BASE);
      other.root(1).signed['expires'] = '2030-06-01T00:00:00Z';
      return { anchor: { kind: 'root', bytes: fileOf(other.seal(), '1.root.json') } };
    },
  },
  {
    name: 'the root that was given as bytes is not in the bucket',
    code: 'RootMissing',
    role: 'root',
    severity: 'wall',
    apply: drop('2.root.json'),
    verify: () => ({
      anchor: { kind: 'root', bytes: fileOf(new Repository(BASE).seal(), '2.root.json') },
    }),
  },
  ...['0999.root.json', '+999.root.json', '02.root.json', '999999999999999999.root.json'].map(
    (name): Mutation => ({
      name: `${name} is planted, which the server reads and no client`,
      code: 'RootMisnamed',
      role: 'root',
      severity: 'wall',
      apply: (repository) => repository.fileEdits.push((files) => files.set(name, Buffer.from('{}'))),
    }),
  ),
  {
    name: 'no root is pinned',
    code: 'RootTrustedOnFirstUse',
    role: 'root',
    severity: 'report',
    verify: () => ({ anchor: { kind: 'first-use' } }),
  },
  {
    name: 'root 2 is pinned and root 1 is gone',
    code: 'FirstRootUnlinked',
    role: 'root',
    severity: 'report',
    apply: drop('1.root.json'),
    verify: pinned('2.root.json'),
  },
  {
    name: 'root 2 is pinned and root 1 is not linked to it',
    code: 'FirstRootUnlinked',
    role: 'root',
    severity: 'report',
    apply: (repository) => {
      const stranger = new Repository({ ...BASE, seed: 'stranger' });
      repository.fileEdits.push((files) => files.set('1.root.json', fileOf(stranger.seal(), '1.root.json')));
    },
    verify: pinned('2.root.json'),
  },
  {
    name: 'root 2 is pinned and root 1 is linked to it',
    code: 'FirstRootNotProven',
    role: 'root',
    severity: 'report',
    verify: pinned('2.root.json'),
  },
  {
    name: 'a new root is signed by its own keys only',
    code: 'RootNotSigned',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.root(2).signers = repository.keysOf('root', 2);
    },
  },
  {
    name: 'a new root is signed by the old keys only',
    code: 'RootNotSigned',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.root(2).signers = repository.keysOf('root', 1);
    },
  },
  {
    name: 'a new root is signed by a stranger',
    code: 'RootNotSigned',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.root(2).signers = [repository.key('stranger')];
    },
  },
  {
    name: 'a new root raises its own threshold beyond its signatures',
    code: 'RootNotSigned',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      const { roles } = repository.root(2).signed as { roles: { root: { threshold: number } } };
      roles.root.threshold = 2;
    },
  },
  {
    name: 'a root says another version than its name',
    code: 'RootVersionMismatch',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.root(2).version = 5;
    },
  },
  {
    name: 'an old root is copied to the next number',
    code: 'RootVersionMismatch',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.fileEdits.push((files) => files.set('3.root.json', fileOf(files, '1.root.json')));
    },
  },
  {
    name: 'a root in the middle is missing',
    code: 'RootGap',
    role: 'root',
    severity: 'wall',
    options: { roots: 3 },
    apply: drop('2.root.json'),
  },
  {
    name: 'a self-signed 999.root.json is planted',
    code: 'RootGap',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      const attacker = new Repository({ ...BASE, seed: 'attacker', roots: 1 });
      attacker.root(1).version = 999;
      repository.fileEdits.push((files) =>
        files.set('999.root.json', fileOf(attacker.seal(), '1.root.json')),
      );
    },
  },
  {
    name: 'more roots are listed than are read',
    code: 'TooManyRoots',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      repository.fileEdits.push((files) => {
        for (let version = 3; version <= 1026; version++) {
          files.set(`${version}.root.json`, Buffer.from('{}'));
        }
      });
    },
  },
  {
    name: 'a root lists one key id twice for a role',
    code: 'InvalidThreshold',
    role: 'root',
    severity: 'wall',
    apply: (repository) => {
      const { roles } = repository.root(2).signed as { roles: { snapshot: { keyids: string[] } } };
      const ids = idsOf(repository.keysOf('snapshot'));
      roles.snapshot.keyids = [...ids, ...ids];
    },
  },
];
