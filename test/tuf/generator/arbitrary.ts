import { KEY_KINDS } from './keys.ts';
import type { SeededRandom } from './random.ts';
import {
  REFERENCE_TIME,
  type Repository,
  type RepositoryOptions,
  type RoleTree,
  type TopLevel,
} from './repository.ts';

const ROLES = ['stable', 'beta', 'nightly', '__proto__', 'constructor', 'a/b', 'ü', '…'];

/** A random repository description: a few roots, keys of one kind, a small tree of delegations or bins. */
export function arbitraryOptions(random: SeededRandom, slowKeys: boolean): RepositoryOptions {
  const keysPerRole = 1 + random.integer(3);
  const rotate = (['root', 'targets', 'snapshot', 'timestamp'] as const).filter(() => random.boolean());
  const base: RepositoryOptions = {
    seed: `arbitrary ${random.integer(5)}`,
    roots: 1 + random.integer(3),
    rotate: rotate as readonly TopLevel[],
    keyKinds: slowKeys ? [random.pick(KEY_KINDS)] : ['ed25519'],
    keysPerRole,
    threshold: 1 + random.integer(keysPerRole),
    version: 1 + random.integer(3),
    digests: random.boolean(),
    artifacts: random.integer(3),
  };
  if (random.integer(5) === 0) {
    return { ...base, bins: { prefix: 'bin', bitLength: 1 + random.integer(3) } };
  }
  return random.integer(4) === 0 ? base : { ...base, delegations: arbitraryTree(random, [...ROLES], 2) };
}

function arbitraryTree(random: SeededRandom, names: string[], levels: number): readonly RoleTree[] {
  const roles: RoleTree[] = [];
  for (let count = 1 + random.integer(3); count > 0 && names.length > 0; count--) {
    const [name = ''] = names.splice(random.integer(names.length), 1);
    const children = levels > 0 && random.integer(3) === 0 ? arbitraryTree(random, names, levels - 1) : [];
    const keys = random.boolean() ? [name] : [name, `${name} 2`];
    roles.push({
      name,
      keys,
      threshold: 1 + random.integer(keys.length),
      ...(children.length > 0 ? { children } : {}),
    });
  }
  return roles;
}

/** One random damage that any reader can run into; about half of them leave the repository sound. */
export function damage(random: SeededRandom, repository: Repository): string {
  const roles = ['timestamp', 'snapshot', 'targets', ...repository.delegated.keys()];
  const role = random.pick(roles);
  const file = repository.file(role);
  const root = random.pick(repository.roots);
  const kind = random.integer(DAMAGES.length);
  return DAMAGES[kind]?.({ random, repository, role, file, root }) ?? 'nothing';
}

interface Scene {
  readonly random: SeededRandom;
  readonly repository: Repository;
  readonly role: string;
  readonly file: Repository['targets'];
  readonly root: Repository['targets'];
}

const past = `${new Date(REFERENCE_TIME.getTime() - 1000).toISOString().slice(0, 19)}Z`;

const DAMAGES: readonly ((scene: Scene) => string)[] = [
  () => 'nothing',
  ({ file, role }) => {
    file.signers = file.signers.slice(1);
    return `${role} lacks a signature`;
  },
  ({ file, role, repository }) => {
    file.signers = [...file.signers, repository.key('surplus')];
    return `${role} has a surplus signature`;
  },
  ({ file, role, random }) => {
    file.signatureEdits.push((signatures) => {
      const signature = random.pick(signatures);
      signature.sig = signature.sig.slice(0, -2) + (signature.sig.endsWith('00') ? '01' : '00');
    });
    return `${role} has a broken signature`;
  },
  ({ file, role }) => {
    file.signatureEdits.push((signatures) => signatures.push({ keyid: 'surplus', sig: '' }));
    return `${role} has an empty surplus signature`;
  },
  ({ file, role }) => {
    file.signatureEdits.push((signatures) => signatures.push(...signatures.slice(0, 1)));
    return `${role} has a signature twice`;
  },
  ({ file, role }) => {
    file.edits.push((signed) => {
      signed['_type'] = signed['_type'] === 'targets' ? 'snapshot' : 'targets';
    });
    return `${role} has another type`;
  },
  ({ file, role }) => {
    file.edits.push((signed) => {
      signed['spec_version'] = '2.0.0';
    });
    return `${role} follows another specification`;
  },
  ({ file, role }) => {
    file.signed['expires'] = past;
    return `${role} is expired`;
  },
  ({ file, role }) => {
    file.edits.push((signed) => {
      signed['version'] = Number(signed['version']) + 1;
    });
    return `${role} has another version than its name`;
  },
  ({ file, role }) => {
    file.edits.push((signed) => {
      signed['x-unknown'] = { nested: [1, 'two', null, true], '': 'empty key' };
    });
    return `${role} has an unknown field`;
  },
  ({ repository, role, random }) => {
    repository.fileEdits.push((files) => {
      const name = random.pick([...files.keys()].filter((n) => n !== '1.root.json'));
      files.delete(name);
    });
    return `some file is missing (${role})`;
  },
  ({ repository, random }) => {
    repository.fileEdits.push((files) => {
      const names = [...files.keys()].filter((n) => !n.endsWith('root.json'));
      const [from, to] = [random.pick(names), random.pick(names)];
      files.set(to, files.get(from) ?? Buffer.alloc(0));
    });
    return 'one file lies under the name of another';
  },
  ({ repository, random }) => {
    repository.fileEdits.push((files) => {
      const name = random.pick([...files.keys()].filter((n) => n !== '1.root.json'));
      files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), Buffer.from('\n')]));
    });
    return 'one file has a line break more';
  },
  ({ root, repository }) => {
    root.signers = root.signers.slice(0, -1);
    return `a root of ${repository.roots.length} lacks its last signature`;
  },
  ({ root }) => {
    const { roles } = root.signed as { roles: Record<string, { threshold: number }> };
    for (const role of Object.values(roles)) {
      role.threshold = 3;
    }
    return 'a root asks for three signatures of everything';
  },
  ({ root }) => {
    root.signed['expires'] = past;
    return 'a root is expired';
  },
];
