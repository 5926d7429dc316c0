import { isSigned } from '../keys/threshold.ts';
import { type Root, signersOf } from '../metadata/root.ts';
import { nextVersion } from '../metadata/version.ts';
import type { VerificationContext } from '../verify/verification-context.ts';
import { openRoot, type RootFile } from './root-file.ts';

/**
 * The roots below the trust anchor. Nothing there is believed, so nothing there refuses: the history is
 * followed only to find out whether signatures link root 1 to the anchor.
 */
export class RootsBelowAnchor {
  readonly #run: VerificationContext;
  /** The last root that verified with its own keys. */
  #last: Root | undefined;
  /** Root 1, as long as every link up to `#last` holds. */
  #first: Root | undefined;

  constructor(run: VerificationContext) {
    this.#run = run;
  }

  /** Takes the next listed root below the anchor. */
  async add(version: number, file: RootFile): Promise<void> {
    const root = await this.#open(version, file);
    if (root === undefined || (version > 1 && !(await this.#linksTo(root)))) {
      this.#first = undefined;
    } else if (version === 1) {
      this.#first = root;
    }
    this.#last = root;
  }

  /** Root 1, if it is `anchor` or linked to it. */
  async firstLinkedTo(anchor: Root): Promise<Root | undefined> {
    if (anchor.envelope.version === 1) {
      return anchor;
    }
    return (await this.#linksTo(anchor)) ? this.#first : undefined;
  }

  async #open(version: number, file: RootFile): Promise<Root | undefined> {
    try {
      return await openRoot(this.#run, file, version, 'RootNotSigned');
    } catch (error) {
      // Throws what is no fault of the file.
      this.#run.faultOf(error);
      return undefined;
    }
  }

  async #linksTo(newer: Root): Promise<boolean> {
    const older = this.#last;
    if (older === undefined || nextVersion(older.envelope.version) !== newer.envelope.version) {
      return false;
    }
    return isSigned(newer.envelope, signersOf(older, 'root'), this.#run.ring);
  }
}
