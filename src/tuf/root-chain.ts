import { createHash } from 'node:crypto';
import { MetadataFault } from './fault.ts';
import { fileName } from './file-names.ts';
import { LIMITS } from './limits.ts';
import { readAhead } from './read-ahead.ts';
import { parseRoot, type Root, signersOf } from './root.ts';
import type { Run } from './run.ts';
import { isSigned, requireThreshold } from './threshold.ts';

/** The walk from the trust anchor to the newest root (spec 5.3). */
export interface RootChain {
  /** The newest root. */
  readonly head: Root;
  /** Root 1, when it is the anchor or linked to it by signatures. */
  readonly first: Root | undefined;
  /** Every trusted root, from the anchor to the newest. */
  readonly trusted: readonly Root[];
}

/**
 * Reads every listed root once, in ascending order, and verifies each by its predecessor and by itself. Roots
 * below the anchor prove nothing: they are followed only to find out whether root 1 is linked to it, and their
 * faults don't refuse.
 *
 * @throws MetadataFault checks 1, 2, 3, 4, 8, 23, 24
 */
export async function walkRoots(run: Run): Promise<RootChain> {
  const versions = run.catalogue.roots;
  if (versions.length > LIMITS.roots)
    throw new MetadataFault(
      'TooManyRoots',
      `${versions.length} roots are listed, at most ${LIMITS.roots} are read`,
    );
  const walk = new RootWalk(run);
  const read = async (version: number): Promise<Uint8Array | MetadataFault> => {
    try {
      return await run.get(fileName('root', version), LIMITS.rootBytes, 'RootMissing');
    } catch (error) {
      if (error instanceof MetadataFault) return error;
      throw error;
    }
  };
  for await (const [version, bytes] of readAhead(versions, run.options.concurrency ?? 32, read)) {
    if (!walk.step(version, bytes)) break;
  }
  return walk.end();
}

class RootWalk {
  readonly #run: Run;
  /** The anchor, when it was given as bytes. */
  readonly #given: Root | undefined;
  /** The newest root that is trusted; undefined below the anchor. */
  #head: Root | undefined;
  readonly #trusted: Root[] = [];
  /** Below the anchor: the last root that verified by itself, and root 1 while the links to it hold. */
  #below: Root | undefined;
  #first: Root | undefined;

  constructor(run: Run) {
    this.#run = run;
    const { anchor } = run.options;
    this.#given = anchor.kind === 'root' ? this.#openAnchor(anchor.bytes, undefined) : undefined;
  }

  /** Takes the next listed root; false when the walk ends here. */
  step(version: number, read: Uint8Array | MetadataFault): boolean {
    this.#anchorByBytes(version);
    if (this.#head !== undefined) return this.#advance(this.#head, version, read);
    if (this.#isAnchor(read)) this.#anchor(this.#openAnchor(read, version));
    else this.#lookBelow(version, read);
    return true;
  }

  end(): RootChain {
    this.#anchorByBytes(Number.POSITIVE_INFINITY);
    const head = this.#head;
    if (head === undefined) {
      const roots = this.#run.catalogue.roots.length;
      throw new MetadataFault(
        'PinnedRootNotFound',
        roots === 0 ? 'no root is listed at all' : `none of the ${roots} listed roots has the pinned sha256`,
      );
    }
    return { head, first: this.#first, trusted: this.#trusted };
  }

  /** With an anchor given as bytes: installs it as soon as the walk reaches its version. */
  #anchorByBytes(version: number): void {
    const given = this.#given;
    if (given !== undefined && this.#head === undefined && version >= given.envelope.version)
      this.#anchor(given);
  }

  #isAnchor(read: Uint8Array | MetadataFault): read is Uint8Array {
    if (read instanceof MetadataFault) return false;
    const { anchor } = this.#run.options;
    if (anchor.kind === 'first-use') return true;
    return anchor.kind === 'sha256' && createHash('sha256').update(read).digest('hex') === anchor.sha256;
  }

  /** A root that is believed because the person says so; its own expiry does not matter (spec 5.2). */
  #openAnchor(bytes: Uint8Array, version: number | undefined): Root {
    const root = parseRoot(this.#run.open(bytes, 'root', 'root'));
    if (version !== undefined) checkNumber(root, version);
    requireThreshold(root.envelope, signersOf(root, 'root'), this.#run.ring, 'PinnedRootInvalid');
    return root;
  }

  #anchor(root: Root): void {
    const { report, options } = this.#run;
    const { version, sha256 } = root.envelope;
    if (version === 1) this.#first = root;
    else if (this.#below === undefined || !this.#links(this.#below, root)) this.#first = undefined;
    this.#trust(root);
    if (options.anchor.kind === 'first-use')
      report.add('RootTrustedOnFirstUse', {
        role: 'root',
        version,
        detail: `root ${version} was believed unseen; its sha256 is ${sha256}`,
      });
    if (version === 1) return;
    if (this.#first === undefined)
      report.add('FirstRootUnlinked', {
        role: 'root',
        version: 1,
        detail: `root 1 is not linked to root ${version}, where the chain starts`,
      });
    else
      report.add('FirstRootNotProven', {
        role: 'root',
        version: 1,
        detail: `root 1 is linked by signatures to root ${version}, where the chain starts, but not proven by it`,
      });
  }

  #trust(root: Root): void {
    this.#head = root;
    this.#trusted.push(root);
  }

  /** Spec 5.3.4–5.3.7: the next version, signed by the old threshold and by its own. */
  #advance(head: Root, version: number, read: Uint8Array | MetadataFault): boolean {
    if (version === head.envelope.version) {
      this.#comparePinned(head, read);
      return true;
    }
    const next = Number(head.envelope.version) + 1;
    if (version !== next) {
      this.#gap(next, version);
      return false;
    }
    if (read instanceof MetadataFault) throw read;
    const root = parseRoot(this.#run.open(read, 'root', 'root'));
    checkNumber(root, version);
    requireThreshold(root.envelope, signersOf(head, 'root'), this.#run.ring, 'RootNotSigned');
    requireThreshold(root.envelope, signersOf(root, 'root'), this.#run.ring, 'RootNotSigned');
    this.#trust(root);
    return true;
  }

  /** The bucket's copy of a root that was pinned by its bytes: the server reads the copy. */
  #comparePinned(head: Root, read: Uint8Array | MetadataFault): void {
    if (read instanceof MetadataFault) throw read;
    const { version, sha256 } = head.envelope;
    if (createHash('sha256').update(read).digest('hex') !== sha256)
      throw new MetadataFault(
        'PinnedRootDiffers',
        `${fileName('root', version)} has other bytes than the pinned root`,
      );
  }

  #gap(missing: number, listed: number): void {
    const detail = `${fileName('root', missing)} is missing although ${fileName('root', listed)} is listed`;
    if (!this.#run.strict) throw new MetadataFault('RootGap', detail);
    // A client without a listing can't see beyond the missing file and ends its walk there (spec 5.3.3).
    this.#run.report.add('RootGap', { role: 'root', version: listed, detail });
  }

  #lookBelow(version: number, read: Uint8Array | MetadataFault): void {
    const root = this.#openBelow(version, read);
    const linked =
      root !== undefined && (version === 1 || (this.#below !== undefined && this.#links(this.#below, root)));
    if (!linked) this.#first = undefined;
    else if (version === 1) this.#first = root;
    this.#below = root;
  }

  #openBelow(version: number, read: Uint8Array | MetadataFault): Root | undefined {
    if (read instanceof MetadataFault) return undefined;
    try {
      const root = parseRoot(this.#run.open(read, 'root', 'root'));
      checkNumber(root, version);
      requireThreshold(root.envelope, signersOf(root, 'root'), this.#run.ring, 'RootNotSigned');
      return root;
    } catch (error) {
      // Below the anchor nothing is believed, so nothing refuses: the file merely links nothing.
      if (error instanceof MetadataFault) return undefined;
      throw error;
    }
  }

  #links(older: Root, newer: Root): boolean {
    if (Number(older.envelope.version) + 1 !== Number(newer.envelope.version)) return false;
    return isSigned(newer.envelope, signersOf(older, 'root'), this.#run.ring);
  }
}

function checkNumber(root: Root, version: number): void {
  if (root.envelope.version !== version)
    throw new MetadataFault(
      'RootVersionMismatch',
      `${fileName('root', version)} says version ${root.envelope.version}`,
    );
}
