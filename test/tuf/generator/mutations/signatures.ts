import { canonicalize } from '@tufjs/canonical-json';
import type { TestKey } from '../keys.ts';
import type { Draft } from '../metadata-file.ts';
import type { Repository } from '../repository.ts';
import { breakSignature, type Mutation, sha256 } from './mutation.ts';

/** The same public key under a second id, made different by a field that no verifier looks at. */
function alias(key: TestKey): TestKey {
  const metadata = { ...key.metadata, 'x-note': 'the same key again' };
  return { ...key, metadata, keyid: sha256(Buffer.from(canonicalize(metadata))) };
}

function keysOf(repository: Repository): Draft {
  const { keys } = repository.targets.signed['delegations'] as { keys: Draft };
  return keys;
}

/** Checks 5 to 10: signatures, keys, thresholds, types. */
export const SIGNATURE_MUTATIONS: readonly Mutation[] = [
  ...(['timestamp', 'snapshot', 'targets'] as const).map(
    (role): Mutation => ({
      name: `the signature of ${role} is broken`,
      code: 'ThresholdNotMet',
      role,
      severity: 'wall',
      apply: (repository) => breakSignature(repository, role),
    }),
  ),
  {
    name: 'timestamp is not signed at all',
    code: 'ThresholdNotMet',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) => {
      repository.timestamp.signers = [];
    },
  },
  {
    name: 'targets is signed by a delegated key',
    code: 'ThresholdNotMet',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => {
      repository.targets.signers = [repository.key('stable')];
    },
  },
  {
    name: 'a delegated role has one of two signatures',
    code: 'ThresholdNotMet',
    role: 'beta',
    severity: 'deny',
    apply: (repository) => {
      repository.file('beta').signers = [repository.key('beta-a')];
    },
  },
  {
    name: 'the timestamp role has only a key of unknown type',
    code: 'UnsupportedKey',
    role: 'timestamp',
    severity: 'wall',
    options: { roots: 1 },
    apply: (repository) => {
      const [key] = repository.keysOf('timestamp');
      const { keys } = repository.root(1).signed as { keys: Record<string, { scheme: string }> };
      const listed = keys[key?.keyid ?? ''];
      if (listed !== undefined) {
        listed.scheme = 'ml-dsa-65';
      }
    },
  },
  {
    name: 'one signature stands twice',
    code: 'DuplicateSignature',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) =>
      repository.timestamp.signatureEdits.push((signatures) => signatures.push(...signatures)),
  },
  {
    name: 'one key under two ids meets a threshold of two',
    code: 'SameKeyTwice',
    role: 'beta',
    severity: 'deny',
    also: ['KeyListedTwice'],
    apply: (repository) => {
      const key = repository.key('beta-a');
      const second = alias(key);
      keysOf(repository)[second.keyid] = second.metadata;
      repository.delegation('targets', 'beta')['keyids'] = [key.keyid, second.keyid];
      repository.file('beta').signers = [key, second];
    },
  },
  {
    name: 'one public key is listed under two ids of a role',
    code: 'KeyListedTwice',
    role: 'targets',
    severity: 'report',
    apply: (repository) => {
      const key = repository.key('stable');
      const second = alias(key);
      keysOf(repository)[second.keyid] = second.metadata;
      repository.delegation('targets', 'stable')['keyids'] = [key.keyid, second.keyid];
    },
  },
  {
    name: 'a key id is not the digest of its key',
    code: 'KeyIDMismatch',
    role: 'targets',
    severity: 'report',
    apply: (repository) => {
      const key = repository.key('stable');
      keysOf(repository)['my-key'] = key.metadata;
      delete keysOf(repository)[key.keyid];
      repository.delegation('targets', 'stable')['keyids'] = ['my-key'];
      repository.file('stable').signers = [{ ...key, keyid: 'my-key' }];
    },
  },
  ...[0, -1, '1', null].map(
    (threshold): Mutation => ({
      name: `a delegated role has the threshold ${JSON.stringify(threshold)}`,
      code: 'InvalidThreshold',
      role: 'targets',
      severity: 'wall',
      apply: (repository) => {
        repository.delegation('targets', 'stable')['threshold'] = threshold;
      },
    }),
  ),
  {
    name: 'targets says it is a root',
    code: 'WrongType',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => {
      repository.targets.signed['_type'] = 'root';
    },
  },
  {
    name: 'the snapshot lies under the name of the timestamp',
    code: 'WrongType',
    role: 'timestamp',
    severity: 'wall',
    apply: (repository) =>
      repository.fileEdits.push((files) => {
        const snapshot = files.get('3.snapshot.json');
        if (snapshot !== undefined) {
          files.set('timestamp.json', snapshot);
        }
      }),
  },
  {
    name: "a delegated role's type is spelled with a capital",
    code: 'WrongType',
    role: 'stable',
    severity: 'deny',
    apply: (repository) => {
      repository.file('stable').signed['_type'] = 'Targets';
    },
  },
  {
    name: 'targets has the form of TUF before 1.0',
    code: 'UnsupportedSpecVersion',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => {
      repository.targets.signed['_type'] = 'Targets';
      delete repository.targets.signed['spec_version'];
    },
  },
  ...['2.0.0', '0.9', 'abc', 1, undefined].map(
    (specVersion): Mutation => ({
      name: `snapshot has the spec_version ${JSON.stringify(specVersion)}`,
      code: 'UnsupportedSpecVersion',
      role: 'snapshot',
      severity: 'wall',
      apply: (repository) => {
        if (specVersion === undefined) {
          delete repository.snapshot.signed['spec_version'];
        } else {
          repository.snapshot.signed['spec_version'] = specVersion;
        }
      },
    }),
  ),
];
