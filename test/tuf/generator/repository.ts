import { createHash } from 'node:crypto';
import type { Version } from '../../../src/tuf/metadata/version.ts';
import { type KeyKind, type TestKey, testKey } from './keys.ts';
import { type Draft, MetadataFile } from './metadata-file.ts';

/** A delegated role to generate, with the roles it delegates to itself. */
export interface RoleTree {
  readonly name: string;
  readonly children?: readonly RoleTree[];
  readonly threshold?: number;
  /** Names of the role's keys; `<role>` alone when absent. */
  readonly keys?: readonly string[];
}

/** What to generate; everything has a default. */
export interface RepositoryOptions {
  /** Part of every key's name: two repositories of different seeds share no key. */
  readonly seed?: string | number;
  /** Number of root versions; 1 when absent. */
  readonly roots?: number;
  /** Roles whose keys change with every new root. */
  readonly rotate?: readonly TopLevel[];
  /** Kinds of keys, used in turn; ed25519 when absent. */
  readonly keyKinds?: readonly KeyKind[];
  /** Keys and threshold of every top-level role; 1 of 1 when absent. */
  readonly keysPerRole?: number;
  readonly threshold?: number;
  readonly delegations?: readonly RoleTree[];
  /** Succinct delegation from targets (TAP 15), instead of `delegations`. */
  readonly bins?: { readonly prefix: string; readonly bitLength: number };
  /** Version of timestamp, snapshot, targets and delegated roles; 1 when absent. */
  readonly version?: number;
  /** Whether parents name length and sha256; true when absent. */
  readonly digests?: boolean;
  /** `expires` of everything; one year after {@link REFERENCE_TIME} when absent. */
  readonly expires?: string;
  /** Number of artifacts in targets.json. */
  readonly artifacts?: number;
}

const TOP_LEVEL = ['root', 'targets', 'snapshot', 'timestamp'] as const;

export type TopLevel = (typeof TOP_LEVEL)[number];

/** The time at which generated repositories are meant to be verified. */
export const REFERENCE_TIME = new Date('2030-01-01T00:00:00Z');

const EXPIRES = inAYear(REFERENCE_TIME);

/** `expires` of metadata for a program whose clock can't be set: a year from now. */
export function inAYear(now: Date): string {
  return `${new Date(now.getTime() + 365 * 24 * 60 * 60 * 1000).toISOString().slice(0, 19)}Z`;
}

/**
 * A repository that is described but not yet signed. Mutators change the description; {@link seal} then signs
 * and links everything from the leaves to the timestamp, so that exactly the intended fault remains.
 */
export class Repository {
  readonly roots: MetadataFile[] = [];
  readonly targets: MetadataFile;
  readonly snapshot: MetadataFile;
  readonly timestamp: MetadataFile;
  /** Delegated roles by name; insertion order is the order of delegation. */
  readonly delegated = new Map<string, MetadataFile>();
  /** Changes to the finished files, by name. */
  readonly fileEdits: ((files: Map<string, Buffer>) => void)[] = [];
  readonly #options: RepositoryOptions;

  constructor(options: RepositoryOptions = {}) {
    this.#options = options;
    const count = options.roots ?? 1;
    for (let version = 1; version <= count; version++) {
      this.roots.push(this.#root(version));
    }
    this.targets = this.#file(
      'targets',
      { targets: artifacts(options.artifacts ?? 0) },
      this.keysOf('targets'),
    );
    this.snapshot = this.#file('snapshot', { meta: {} }, this.keysOf('snapshot'));
    this.timestamp = this.#file('timestamp', { meta: {} }, this.keysOf('timestamp'));
    if (options.bins !== undefined) {
      this.#succinct(options.bins);
    } else if (options.delegations !== undefined) {
      this.#delegate(this.targets, options.delegations);
    }
  }

  /** The keys of a top-level role at a root version; the newest when absent. */
  keysOf(role: TopLevel, rootVersion = this.#options.roots ?? 1): readonly TestKey[] {
    const generation = this.#options.rotate?.includes(role) === true ? rootVersion : 1;
    return Array.from({ length: this.#options.keysPerRole ?? 1 }, (_, i) =>
      this.key(`${role}/${generation}/${i}`, i),
    );
  }

  /** A key of this repository by name. */
  key(name: string, index = 0): TestKey {
    const kinds = this.#options.keyKinds ?? ['ed25519'];
    return testKey(`${this.#options.seed ?? 'repository'}/${name}`, kinds[index % kinds.length] ?? 'ed25519');
  }

  /** Any file but a root, by role. */
  file(role: string): MetadataFile {
    const own = { targets: this.targets, snapshot: this.snapshot, timestamp: this.timestamp };
    const file =
      this.delegated.get(role) ?? (Object.hasOwn(own, role) ? own[role as keyof typeof own] : undefined);
    if (file === undefined) {
      throw new RangeError(`there is no role ${role}`);
    }
    return file;
  }

  root(version: number): MetadataFile {
    const root = this.roots[version - 1];
    if (root === undefined) {
      throw new RangeError(`there is no root ${version}`);
    }
    return root;
  }

  /** Makes `delegator` delegate to `role`, which may be a role that others delegate to as well. */
  delegate(delegator: string, role: RoleTree): void {
    this.#delegate(this.file(delegator), [role]);
  }

  /** The delegation entry of `role` in `delegator`'s metadata, to be changed before signing. */
  delegation(delegator: string, role: string): Draft {
    const { roles } = this.file(delegator).signed['delegations'] as { roles: Draft[] };
    const entry = roles.find(({ name }) => name === role);
    if (entry === undefined) {
      throw new RangeError(`${delegator} does not delegate to ${role}`);
    }
    return entry;
  }

  /** Signs and links everything: name → bytes, in the layout of a bucket. */
  seal(): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const [index, root] of this.roots.entries()) {
      files.set(`${index + 1}.root.json`, root.seal());
    }
    const meta: Draft = {};
    for (const file of [this.targets, ...this.delegated.values()]) {
      const { version } = file;
      const bytes = file.seal();
      files.set(`${version}.${file.role}.json`, bytes);
      // Defined, not assigned: a role may be called __proto__.
      Object.defineProperty(meta, `${file.role}.json`, { value: this.#link(version, bytes), ...PLAIN });
    }
    this.snapshot.signed['meta'] = meta;
    const snapshotVersion = this.snapshot.version;
    const snapshot = this.snapshot.seal();
    files.set(`${snapshotVersion}.snapshot.json`, snapshot);
    this.timestamp.signed['meta'] = { 'snapshot.json': this.#link(snapshotVersion, snapshot) };
    files.set('timestamp.json', this.timestamp.seal());
    for (const edit of this.fileEdits) {
      edit(files);
    }
    return files;
  }

  #link(version: Version, bytes: Buffer): Draft {
    if (this.#options.digests === false) {
      return { version };
    }
    return {
      version,
      length: bytes.length,
      hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
    };
  }

  #root(version: number): MetadataFile {
    const roles: Draft = {};
    const keys: Draft = {};
    for (const role of TOP_LEVEL) {
      const own = this.keysOf(role, version);
      for (const key of own) {
        keys[key.keyid] = structuredClone(key.metadata);
      }
      roles[role] = { keyids: own.map(({ keyid }) => keyid), threshold: this.#options.threshold ?? 1 };
    }
    const previous = version > 1 ? this.keysOf('root', version - 1) : [];
    const signers = new Set([...previous, ...this.keysOf('root', version)]);
    const root = this.#file('root', { consistent_snapshot: true, keys, roles }, [...signers]);
    root.version = version;
    return root;
  }

  #file(role: string, body: Draft, signers: readonly TestKey[], type = role): MetadataFile {
    const { version = 1, expires = EXPIRES } = this.#options;
    return new MetadataFile(
      role,
      { _type: type, spec_version: '1.0.31', version, expires, ...body },
      signers,
    );
  }

  #delegate(delegator: MetadataFile, roles: readonly RoleTree[]): void {
    delegator.signed['delegations'] ??= { keys: {}, roles: [] };
    const delegations = delegator.signed['delegations'] as { keys: Draft; roles: Draft[] };
    for (const { name, children, threshold = 1, keys = [name] } of roles) {
      const own = keys.map((key, index) => this.key(key, index));
      for (const key of own) {
        delegations.keys[key.keyid] = structuredClone(key.metadata);
      }
      delegations.roles.push({
        name,
        keyids: own.map(({ keyid }) => keyid),
        threshold,
        terminating: false,
        paths: [`${name}/*`],
      });
      if (!this.delegated.has(name)) {
        this.delegated.set(name, this.#file(name, { targets: {} }, own, 'targets'));
      }
      if (children !== undefined) {
        this.#delegate(this.file(name), children);
      }
    }
  }

  #succinct({ prefix, bitLength }: { prefix: string; bitLength: number }): void {
    const key = this.key('bins');
    this.targets.signed['delegations'] = {
      keys: { [key.keyid]: structuredClone(key.metadata) },
      succinct_roles: { keyids: [key.keyid], threshold: 1, bit_length: bitLength, name_prefix: prefix },
    };
    const width = (2 ** bitLength - 1).toString(16).length;
    for (let bin = 0; bin < 2 ** bitLength; bin++) {
      const name = `${prefix}-${bin.toString(16).padStart(width, '0')}`;
      this.delegated.set(name, this.#file(name, { targets: {} }, [key], 'targets'));
    }
  }
}

const PLAIN = { enumerable: true, writable: true, configurable: true } as const;

function artifacts(count: number): Draft {
  const entries = Array.from({ length: count }, (_, i) => {
    const sha256 = createHash('sha256').update(`artifact ${i}`).digest('hex');
    return [`stable/linux/amd64/app-1.${i}.0.tar.gz`, { length: 1_000_000 + i, hashes: { sha256 } }] as const;
  });
  return Object.fromEntries(entries);
}
