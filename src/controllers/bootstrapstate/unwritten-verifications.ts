import { isDeepStrictEqual } from 'node:util';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { StoredMarks, VerifiedMarks } from '../app-history/high-water-marks.ts';

/** What a full verification found that belongs into the status. */
export interface FoundByVerification {
  /** The heads of the chain; undefined when it was refused or not read. */
  readonly heads: VerifiedMarks | undefined;
  /** When it ended; undefined when it ended without anything to judge the app by. */
  readonly verifiedAt: Date | undefined;
  /** {@link Guard.revision} of the policies it was made for. */
  readonly revision: string;
}

interface Unwritten extends FoundByVerification {
  /** The marks that the status held then. */
  readonly marks: StoredMarks | undefined;
}

/**
 * What verifications found that is in no status yet: a reading may have to wait, and a write may fail or be
 * refused. The next verification can be an hour away, and until then neither the marks nor the time of the
 * last verification may be forgotten. In memory only: a new process verifies everything anew.
 */
export class UnwrittenVerifications {
  readonly #found = new Map<string, Unwritten>();

  /** Adds what was found just now to what is not written yet. */
  note(key: ObjectKey, found: FoundByVerification, marks: StoredMarks | undefined): void {
    const id = formatObjectKey(key);
    const before = this.#found.get(id)?.heads;
    const heads = found.heads && { ...found.heads, reset: found.heads.reset || before?.reset === true };
    this.#found.set(id, { ...found, heads: heads ?? before, marks });
  }

  /** What belongs into a status that holds these marks, for policies of this revision. */
  of(
    key: ObjectKey,
    revision: string,
    marks: StoredMarks | undefined,
  ): Partial<Pick<FoundByVerification, 'heads' | 'verifiedAt'>> {
    const found = this.#found.get(formatObjectKey(key));
    if (found === undefined) {
      return {};
    }
    // Marks that were written since may be of a newer chain: a rotation before it starts nothing anew.
    const reset = found.heads?.reset === true && isDeepStrictEqual(marks, found.marks);
    return {
      heads: found.heads && { ...found.heads, reset },
      // The policies that apply now have not been verified for.
      verifiedAt: found.revision === revision ? found.verifiedAt : undefined,
    };
  }

  /** The status says it, or there is none any more. */
  forget(key: ObjectKey): void {
    this.#found.delete(formatObjectKey(key));
  }
}
