import { parseFileName } from '../../faynosync/layout.ts';
import type { Derivation } from '../../faynosync/settings.ts';
import type { ListedObject } from '../../storage/source.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { type Inference, inferDays } from './infer.ts';

/** What the files of one role tell about its lifetime. */
export interface Lifetime {
  /** For messages: `targets`, `nightly`. */
  readonly role: string;
  /** When the newest file of the role was written; undefined when it is not listed. */
  readonly writtenAt: Date | undefined;
  readonly inference: Inference;
  /** When the newest file of the role expires: the server's own rule counts the days to it. */
  readonly expires: Date;
}

/** A verified file: who it belongs to, which version, until when, and its entry in the listing. */
interface File {
  readonly version: number;
  readonly expires: Date;
  readonly object: ListedObject | undefined;
}

/** Looks up what the verified files and the listing tell about lifetimes. One pass over the listing. */
export class Lifetimes {
  readonly #trusted: Trusted;
  readonly #uploads = new Map<string, { readonly version: number; readonly at: Date }[]>();
  readonly #delegated: ReadonlyMap<string, File>;

  constructor(trusted: Trusted, listing: readonly ListedObject[]) {
    this.#trusted = trusted;
    this.#delegated = new Map(trusted.delegated.map((facts) => [facts.role, facts]));
    for (const { name, lastModified } of listing) {
      const file = parseFileName(name);
      if (file === undefined) {
        continue;
      }
      const uploads = this.#uploads.get(file.role) ?? [];
      uploads.push({ version: file.version, at: lastModified });
      this.#uploads.set(file.role, uploads);
    }
  }

  /** Undefined when the role has no verified file, or the evidence is about something else. */
  of(derivation: Derivation): Lifetime | undefined {
    if (derivation.kind === 'delegatedLifetime') {
      const file = this.#delegated.get(derivation.role);
      return file && this.#lifetime(derivation.role, file, file, this.#before(derivation.role, file.version));
    }
    if (derivation.kind !== 'lifetime') {
      return undefined;
    }
    const { root, firstRoot, timestamp, snapshot } = this.#trusted;
    switch (derivation.role) {
      case 'root':
        // Bootstrap wrote ROOT_EXPIRATION and no rotation refreshes it: the newest root would give another number.
        return this.#lifetime('root', firstRoot ?? root, root, []);
      case 'timestamp':
        // Overwritten in place, so it has no history; each publish writes it right after a snapshot.
        return this.#lifetime(
          'timestamp',
          timestamp,
          timestamp,
          this.#before('snapshot', snapshot.version + 1),
        );
      default: {
        const file = this.#trusted[derivation.role];
        return this.#lifetime(derivation.role, file, file, this.#before(derivation.role, file.version));
      }
    }
  }

  #lifetime(role: string, signed: File, newest: File, earlier: readonly Date[]): Lifetime {
    const { object } = signed;
    return {
      role,
      writtenAt: object?.lastModified,
      inference:
        object === undefined
          ? { kind: 'none', why: 'the listing does not show its file' }
          : inferDays(signed.expires, { head: object.lastModified, earlier }),
      expires: newest.expires,
    };
  }

  #before(role: string, version: number): readonly Date[] {
    const uploads = this.#uploads.get(role) ?? [];
    return uploads.filter((upload) => upload.version < version).map(({ at }) => at);
  }
}
