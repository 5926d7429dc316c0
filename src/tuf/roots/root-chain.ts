import { hash } from 'node:crypto';
import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { requireThreshold } from '../keys/threshold.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { type Root, signersOf } from '../metadata/root.ts';
import { nextVersion, type Version } from '../metadata/version.ts';
import { readAhead } from '../verify/read-ahead.ts';
import type { VerificationContext } from '../verify/verification-context.ts';
import { openRoot, type RootFile } from './root-file.ts';
import { RootsBelowAnchor } from './roots-below-anchor.ts';

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
 * Reads every listed root once, in ascending order, and verifies each with the keys of its predecessor and
 * with its own.
 *
 * @throws MetadataFault checks 1, 2, 3, 4, 8, 23, 24
 */
export async function walkRoots(run: VerificationContext): Promise<RootChain> {
  const { roots: versions, rootBytes } = run.catalogue;
  if (versions.length > LIMITS.roots || rootBytes > LIMITS.allRootsBytes) {
    throw new MetadataFault(
      'TooManyRoots',
      `${versions.length} roots of ${rootBytes} bytes are listed, at most ${LIMITS.roots} of ${LIMITS.allRootsBytes} bytes are read`,
    );
  }
  refuseDisguised(run);
  const { anchor } = run.options;
  const given = anchor.kind === 'root' ? await openAnchor(run, anchor.bytes, undefined) : undefined;
  if (given !== undefined && !run.strict) {
    requireListed(given, versions);
  }
  const walk = new RootWalk(run, given);
  const read = (version: number): Promise<RootFile> => readRoot(run, version);
  for await (const [version, file] of readAhead(versions, run.options.concurrency ?? 32, read)) {
    if (!(await walk.step(version, file))) {
      break;
    }
  }
  return walk.end();
}

/**
 * Clients ask for names and never see such a root; the server lists it, and reads it when its number is the
 * highest.
 */
function refuseDisguised(run: VerificationContext): void {
  const newest = run.catalogue.roots.at(-1) ?? 0;
  for (const { object, version } of run.catalogue.disguisedRoots) {
    if (version < newest) {
      continue;
    }
    const detail = `the server reads ${quoted(object.name)} as version ${version} of root`;
    if (!run.strict) {
      throw new MetadataFault('RootMisnamed', detail);
    }
    run.findings.add('RootMisnamed', { role: 'root', version, detail });
  }
}

/**
 * A root that is given as bytes vouches for the bucket's copy of it. Without that copy the server would read
 * an older root, perhaps a revoked one. (A client that brings its own root needs no copy of it.)
 */
function requireListed({ envelope }: Root, versions: readonly number[]): void {
  if (!versions.some((version) => version === envelope.version)) {
    throw new MetadataFault(
      'RootMissing',
      versions.length === 0
        ? noRootListed
        : `${fileName('root', envelope.version)}, the trusted root that was given, is not in the bucket`,
    );
  }
}

/** A root that can't be read is a fault only where the chain needs it. */
async function readRoot(run: VerificationContext, version: number): Promise<RootFile> {
  try {
    return await run.get(fileName('root', version), LIMITS.rootBytes, 'RootMissing');
  } catch (error) {
    return run.faultOf(error);
  }
}

/** A root that is believed because the person says so; its own expiry does not matter (spec 5.2). */
function openAnchor(run: VerificationContext, file: RootFile, version: number | undefined): Promise<Root> {
  return openRoot(run, file, version, 'PinnedRootInvalid');
}

const noRootListed = 'there is no root file at all, no N.root.json';

class RootWalk {
  readonly #run: VerificationContext;
  /** The anchor, when it was given as bytes. */
  readonly #given: Root | undefined;
  readonly #history: RootsBelowAnchor;
  readonly #trusted: Root[] = [];
  #first: Root | undefined;
  /** A root that the store has wrapped, so that no digest of it can match. */
  #wrapped: MetadataFault | undefined;

  constructor(run: VerificationContext, given: Root | undefined) {
    this.#run = run;
    this.#given = given;
    this.#history = new RootsBelowAnchor(run);
  }

  /** Takes the next listed root; false when the walk ends here. */
  async step(version: number, file: RootFile): Promise<boolean> {
    if (this.#trusted.length === 0) {
      await this.#anchorBefore(version, file);
    }
    const head = this.#trusted.at(-1);
    if (file instanceof MetadataFault && file.code === 'StoredEncoded') {
      this.#wrapped ??= file;
    }
    if (head === undefined) {
      await this.#history.add(version, file);
      return true;
    }
    // The root that was just made the anchor, or the bucket's copy of it.
    if (version === head.envelope.version) {
      this.#comparePinned(head, file);
      return true;
    }
    return this.#advance(head, version, file);
  }

  async end(): Promise<RootChain> {
    if (this.#trusted.length === 0 && this.#given !== undefined) {
      await this.#anchor(this.#given);
    }
    const head = this.#trusted.at(-1);
    if (head !== undefined) {
      return { head, first: this.#first, trusted: this.#trusted };
    }
    if (this.#wrapped !== undefined) {
      throw this.#wrapped;
    }
    const roots = this.#run.catalogue.roots.length;
    // Without any root it is no matter of the pin; where the first root is believed, there is none.
    throw roots === 0
      ? new MetadataFault('RootMissing', noRootListed)
      : new MetadataFault('PinnedRootNotFound', `none of the ${roots} listed roots has the pinned sha256`);
  }

  /** Starts the chain when the walk has reached the anchor. */
  async #anchorBefore(version: number, file: RootFile): Promise<void> {
    const { anchor } = this.#run.options;
    if (this.#given !== undefined) {
      if (version >= this.#given.envelope.version) {
        await this.#anchor(this.#given);
      }
    } else if (anchor.kind === 'first-use') {
      await this.#anchor(await openAnchor(this.#run, file, version));
    } else if (anchor.kind === 'sha256' && sha256(file) === anchor.sha256) {
      await this.#anchor(await openAnchor(this.#run, file, version));
    }
  }

  async #anchor(root: Root): Promise<void> {
    const { findings, options } = this.#run;
    const { version, sha256: digest } = root.envelope;
    if (version === (this.#run.catalogue.roots.at(-1) ?? version)) {
      await this.#run.reviewSigners('root', root.envelope, signersOf(root, 'root'));
    }
    this.#trusted.push(withoutSignedBytes(root));
    this.#first = await this.#history.firstLinkedTo(root);
    if (options.anchor.kind === 'first-use') {
      findings.add('RootTrustedOnFirstUse', {
        role: 'root',
        version,
        detail: `root ${version} was believed unseen; its sha256 is ${digest}`,
      });
    }
    if (this.#first === undefined) {
      findings.add('FirstRootUnlinked', {
        role: 'root',
        version: 1,
        detail: `root 1 is not linked to root ${version}, where the chain starts`,
      });
    } else if (this.#first.envelope.sha256 !== root.envelope.sha256) {
      findings.add('FirstRootNotProven', {
        role: 'root',
        version: 1,
        detail: `root 1 is linked by signatures to root ${version}, where the chain starts, but not proven by it`,
      });
    }
  }

  /** Spec 5.3.4–5.3.7: the next version, signed by the old threshold and by its own. */
  async #advance(head: Root, version: number, file: RootFile): Promise<boolean> {
    const next = nextVersion(head.envelope.version);
    if (version !== next) {
      this.#gap(next, version);
      return false;
    }
    const root = await openRoot(this.#run, file, version, 'RootNotSigned');
    await requireThreshold(root.envelope, signersOf(head, 'root'), this.#run.ring, 'RootNotSigned');
    if (version === this.#run.catalogue.roots.at(-1)) {
      await this.#run.reviewSigners('root', root.envelope, signersOf(root, 'root'));
    }
    this.#trusted.push(withoutSignedBytes(root));
    return true;
  }

  /** The server reads the bucket's copy of a root that was pinned by its bytes, so it must be that root. */
  #comparePinned({ envelope }: Root, file: RootFile): void {
    if (file instanceof MetadataFault) {
      throw file;
    }
    const name = fileName('root', envelope.version);
    if (sha256(file) !== envelope.sha256) {
      throw new MetadataFault('PinnedRootDiffers', `${name} has other bytes than the pinned root`);
    }
  }

  #gap(missing: Version, listed: number): void {
    const detail = `${fileName('root', missing)} is missing although ${fileName('root', listed)} is listed`;
    if (!this.#run.strict) {
      throw new MetadataFault('RootGap', detail);
    }
    // A client without a listing can't see beyond the missing file and ends its walk there (spec 5.3.3).
    this.#run.findings.add('RootGap', { role: 'root', version: listed, detail });
  }
}

/** Once a root is verified its signed bytes are dead weight, and a chain may have a thousand roots. */
function withoutSignedBytes(root: Root): Root {
  return { ...root, envelope: { ...root.envelope, canonical: Buffer.alloc(0) } };
}

function sha256(file: RootFile): string | undefined {
  return file instanceof MetadataFault ? undefined : hash('sha256', file);
}
