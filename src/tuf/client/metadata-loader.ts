import { RecoveryError } from '../../errors.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { type Envelope, type OpenedFile, openFile } from '../envelope.ts';
import { MetadataFault } from '../fault.ts';
import { fileName, TIMESTAMP_FILE } from '../file-names.ts';
import type { FindingCode } from '../findings.ts';
import { wereRotated } from '../key-rotation.ts';
import { KeyRing } from '../keyring.ts';
import { LIMITS } from '../limits.ts';
import { checkBytes, checkVersion, type FileLink, ROLE_LINK, SNAPSHOT_LINK } from '../link.ts';
import { parseRoot, type Root, signersOf } from '../root.ts';
import { jsonPolicy, readFile } from '../run.ts';
import { parseSnapshot, type Snapshot } from '../snapshot.ts';
import { parseTargets, type Targets } from '../targets.ts';
import { requireThreshold, type Signers } from '../threshold.ts';
import { parseTimestamp, type Timestamp } from '../timestamp.ts';
import { parseTargetFile, type TargetFile } from './target-file.ts';
import type { TrustStore } from './trust-store.ts';

/** What a client works with. */
export interface ClientOptions {
  readonly metadata: Pick<MetadataSource, 'get'>;
  readonly store: TrustStore;
  /** The one reference time of the update (spec 5.1). */
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/** Targets metadata together with its artifacts, which verification alone does not need. */
export interface ArtifactIndex {
  readonly metadata: Targets;
  /** @throws MetadataFault when the entry is malformed */
  artifact(path: string): TargetFile | undefined;
}

/**
 * Loads each role as the specification's client workflow does (5.3–5.6): from the store when that is still what
 * the parent names, else from the mirror, and stores what it trusts. Strict: expired metadata refuses.
 *
 * Every method throws MetadataFault when metadata does not verify, and what the mirror and the store throw.
 */
export class MetadataLoader {
  readonly #options: ClientOptions;
  readonly #ring = new KeyRing();
  /** Targets and delegated roles read in this session; each delegator checks them anew. */
  readonly #targets = new Map<string, ArtifactIndex>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Spec 5.2 and 5.3: from the stored root to the newest one. */
  async root(): Promise<Root> {
    const stored = await this.#options.store.read('root');
    if (stored === undefined) throw new MetadataFault('PinnedRootNotFound', 'no trusted root is stored');
    const first = parseRoot(this.#open(stored, 'root'));
    await requireThreshold(first.envelope, signersOf(first, 'root'), this.#ring, 'PinnedRootInvalid');
    let root = first;
    for (let count = 0; count < LIMITS.roots; count++) {
      const version = Number(root.envelope.version) + 1;
      const bytes = await this.#fetchIfThere(fileName('root', version), LIMITS.rootBytes);
      if (bytes === undefined) break;
      const next = parseRoot(this.#open(bytes, 'root'));
      if (next.envelope.version !== version)
        throw new MetadataFault(
          'RootVersionMismatch',
          `root ${version} says version ${next.envelope.version}`,
        );
      await requireThreshold(next.envelope, signersOf(root, 'root'), this.#ring, 'RootNotSigned');
      await requireThreshold(next.envelope, signersOf(next, 'root'), this.#ring, 'RootNotSigned');
      await this.#options.store.write('root', bytes);
      root = next;
    }
    this.#requireFresh(root.envelope, 'RootExpired');
    // Spec 5.3.11: recovery from a fast-forward attack.
    if (
      wereRotated(this.#ring, first, root, 'timestamp') ||
      wereRotated(this.#ring, first, root, 'snapshot')
    ) {
      await this.#options.store.remove('timestamp');
      await this.#options.store.remove('snapshot');
    }
    return root;
  }

  /** Spec 5.4. The stored timestamp counts for rollback checks even when it is expired. */
  async timestamp(root: Root): Promise<Timestamp> {
    const trusted = await this.#stored('timestamp', (bytes) => this.#openTimestamp(bytes, root));
    const bytes = await this.#fetch(TIMESTAMP_FILE, LIMITS.timestampBytes, 'TimestampMissing');
    const fetched = await this.#openTimestamp(bytes, root);
    const timestamp = trusted?.envelope.version === fetched.envelope.version ? trusted : fetched;
    if (trusted !== undefined) {
      if (fetched.envelope.version < trusted.envelope.version)
        throw new MetadataFault('TimestampRollback', 'the timestamp is older than the trusted one');
      if (fetched.snapshot.version < trusted.snapshot.version)
        throw new MetadataFault(
          'SnapshotRollback',
          'the timestamp names an older snapshot than the trusted one',
        );
    }
    this.#requireFresh(timestamp.envelope, 'MetadataExpired');
    if (timestamp === fetched) await this.#options.store.write('timestamp', bytes);
    return timestamp;
  }

  async #openTimestamp(bytes: Uint8Array, root: Root): Promise<Timestamp> {
    const timestamp = parseTimestamp(this.#open(bytes, 'timestamp'));
    await requireThreshold(timestamp.envelope, signersOf(root, 'timestamp'), this.#ring);
    return timestamp;
  }

  /** Spec 5.5. The stored snapshot is used as it is when it is the one named, and for rollback checks otherwise. */
  async snapshot(root: Root, { snapshot: link }: Timestamp): Promise<Snapshot> {
    const trusted = await this.#stored('snapshot', (bytes) => this.#openSnapshot(bytes, root));
    if (trusted?.envelope.version === link.version && this.#isFresh(trusted.envelope)) return trusted;
    const name = root.consistentSnapshot === true ? fileName('snapshot', link.version) : 'snapshot.json';
    const bytes = await this.#fetch(name, limitOf(link), 'SnapshotMissing');
    checkBytes(bytes, link, SNAPSHOT_LINK);
    const snapshot = await this.#openSnapshot(bytes, root);
    checkVersion(snapshot.envelope.version, link, SNAPSHOT_LINK);
    if (trusted !== undefined) requireNoRollback(snapshot, trusted);
    this.#requireFresh(snapshot.envelope, 'MetadataExpired');
    await this.#options.store.write('snapshot', bytes);
    return snapshot;
  }

  async #openSnapshot(bytes: Uint8Array, root: Root): Promise<Snapshot> {
    const snapshot = parseSnapshot(this.#open(bytes, 'snapshot'));
    await requireThreshold(snapshot.envelope, signersOf(root, 'snapshot'), this.#ring);
    return snapshot;
  }

  /** Spec 5.6.1–5.6.6 for targets and for delegated roles. */
  async targets(role: string, signers: Signers, root: Root, snapshot: Snapshot): Promise<ArtifactIndex> {
    const known = this.#targets.get(role);
    if (known !== undefined) {
      // Verified for another delegator: that gives no authority for this one.
      await requireThreshold(known.metadata.envelope, signers, this.#ring, 'NotSignedForDelegator');
      return known;
    }
    const link = snapshot.roles.get(role);
    if (link === undefined)
      throw new MetadataFault('RoleNotInSnapshot', `the snapshot does not list ${role}.json`);
    const open = (bytes: Uint8Array): Promise<ArtifactIndex> => this.#openIndex(bytes, link, signers);
    const stored = await this.#stored(role, open);
    const targets = stored ?? (await this.#fetchTargets(role, link, root, open));
    this.#targets.set(role, targets);
    return targets;
  }

  async #fetchTargets(
    role: string,
    link: FileLink,
    root: Root,
    open: (bytes: Uint8Array) => Promise<ArtifactIndex>,
  ): Promise<ArtifactIndex> {
    const name = root.consistentSnapshot === true ? fileName(role, link.version) : `${role}.json`;
    const bytes = await this.#fetch(name, limitOf(link), 'RoleMissing');
    const targets = await open(bytes);
    await this.#options.store.write(role, bytes);
    return targets;
  }

  async #openIndex(bytes: Uint8Array, link: FileLink, signers: Signers): Promise<ArtifactIndex> {
    checkBytes(bytes, link, ROLE_LINK);
    const file = this.#open(bytes, 'targets');
    checkVersion(file.envelope.version, link, ROLE_LINK);
    await requireThreshold(file.envelope, signers, this.#ring);
    this.#requireFresh(file.envelope, 'MetadataExpired');
    const metadata = parseTargets(file);
    // parseTargets made sure that `targets` is an object.
    const artifacts = new Map(Object.entries(file.member('targets') ?? {}));
    return {
      metadata,
      artifact: (path) => (artifacts.has(path) ? parseTargetFile(path, artifacts.get(path)) : undefined),
    };
  }

  #open(bytes: Uint8Array, type: Envelope['type']): OpenedFile {
    return openFile(bytes, type, jsonPolicy(true));
  }

  /** What the store holds, if it still verifies; what does not is as good as absent. */
  async #stored<T>(role: string, open: (bytes: Uint8Array) => Promise<T>): Promise<T | undefined> {
    const bytes = await this.#options.store.read(role);
    if (bytes === undefined) return undefined;
    try {
      return await open(bytes);
    } catch (error) {
      if (error instanceof MetadataFault) return undefined;
      throw error;
    }
  }

  #fetch(name: string, maxBytes: number, absent: FindingCode): Promise<Uint8Array> {
    return readFile(this.#options.metadata, name, maxBytes, absent, this.#options.signal);
  }

  async #fetchIfThere(name: string, maxBytes: number): Promise<Uint8Array | undefined> {
    try {
      return await this.#fetch(name, maxBytes, 'RootMissing');
    } catch (error) {
      const absent = error instanceof MetadataFault && error.code === 'RootMissing';
      // A mirror on S3 without permission to list says 403 for what is absent; a client can't tell more.
      const denied = error instanceof RecoveryError && error.code === 'AccessDenied';
      if (absent || denied) return undefined;
      throw error;
    }
  }

  #isFresh({ expires }: Envelope): boolean {
    return this.#options.now.getTime() < expires.at;
  }

  #requireFresh(envelope: Envelope, code: FindingCode): void {
    if (!this.#isFresh(envelope)) throw new MetadataFault(code, `expired at ${envelope.expires.text}`);
  }
}

function limitOf({ length }: FileLink): number {
  return Math.min(length ?? LIMITS.fileBytes, LIMITS.fileBytes);
}

/** Spec 5.5.5. */
function requireNoRollback(snapshot: Snapshot, trusted: Snapshot): void {
  for (const [role, old] of trusted.roles) {
    const link = snapshot.roles.get(role);
    if (link === undefined)
      throw new MetadataFault('RoleRemovedFromSnapshot', `the snapshot no longer lists ${role}.json`);
    if (link.version < old.version)
      throw new MetadataFault('RoleVersionLowered', `the snapshot lists an older version of ${role}.json`);
  }
}
