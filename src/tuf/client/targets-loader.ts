import { MetadataFault } from '../findings/fault.ts';
import type { Signers } from '../keys/threshold.ts';
import { checkBytes, checkVersion, type FileLink, ROLE_LINK } from '../metadata/link.ts';
import type { Root } from '../metadata/root.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import { type ArtifactIndex, readArtifactIndex } from './artifact-index.ts';
import type { UpdateSession } from './update-session.ts';

/** Loads targets metadata and that of delegated roles, each once in a session (spec 5.6.1–5.6.6). */
export class TargetsLoader {
  readonly #session: UpdateSession;
  readonly #root: Root;
  readonly #snapshot: Snapshot;
  readonly #loaded = new Map<string, ArtifactIndex>();

  constructor(session: UpdateSession, root: Root, snapshot: Snapshot) {
    this.#session = session;
    this.#root = root;
    this.#snapshot = snapshot;
  }

  /**
   * The role's metadata: the trusted one when it is still what the snapshot names, else the mirror's.
   *
   * @param signers who may sign it, by the role that delegates to it here
   * @throws MetadataFault
   */
  async load(role: string, signers: Signers): Promise<ArtifactIndex> {
    const known = this.#loaded.get(role);
    if (known !== undefined) {
      // Verified for another delegator: that gives no authority for this one.
      await this.#session.requireSigned(known.metadata.envelope, signers, 'NotSignedForDelegator');
      return known;
    }
    const link = this.#snapshot.roles.get(role);
    if (link === undefined) {
      throw new MetadataFault('RoleNotInSnapshot', `the snapshot does not list ${role}.json`);
    }
    const open = (bytes: Uint8Array): Promise<ArtifactIndex> => this.#open(bytes, link, signers);
    const index = (await this.#session.trusted(role, open)) ?? (await this.#update(role, link, open));
    this.#loaded.set(role, index);
    return index;
  }

  async #update(
    role: string,
    link: FileLink,
    open: (bytes: Uint8Array) => Promise<ArtifactIndex>,
  ): Promise<ArtifactIndex> {
    const bytes = await this.#session.mirror.getLinked(role, link, this.#root, 'RoleMissing');
    const index = await open(bytes);
    await this.#session.store.write(role, bytes);
    return index;
  }

  /** Spec 5.6.2–5.6.5. The old version needs no check of its own: the snapshot named none lower (5.5.5). */
  async #open(bytes: Uint8Array, link: FileLink, signers: Signers): Promise<ArtifactIndex> {
    checkBytes(bytes, link, ROLE_LINK);
    const file = await this.#session.openSigned(bytes, 'targets', signers);
    checkVersion(file.envelope.version, link, ROLE_LINK);
    this.#session.requireFresh(file.envelope);
    return readArtifactIndex(file);
  }
}
