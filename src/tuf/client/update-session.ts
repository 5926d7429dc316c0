import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { KeyRing } from '../keys/keyring.ts';
import { requireThreshold, type Signers } from '../keys/threshold.ts';
import { type Envelope, type OpenedFile, openFile } from '../metadata/envelope.ts';
import type { MetadataType } from '../metadata/metadata-type.ts';
import { jsonPolicy } from '../verify/verification-context.ts';
import { Mirror } from './mirror.ts';
import type { TrustStore } from './trust-store.ts';

/** What a client works with. */
export interface ClientOptions {
  readonly metadata: Pick<MetadataSource, 'get'>;
  readonly store: TrustStore;
  /** The one reference time of the update (spec 5.1). */
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/** What one update carries along: the mirror, what is trusted so far, and the fixed start time (spec 5.1). */
export class UpdateSession {
  readonly mirror: Mirror;
  readonly store: TrustStore;
  readonly ring = new KeyRing();
  readonly #now: Date;

  constructor({ metadata, store, now, signal }: ClientOptions) {
    this.mirror = new Mirror(metadata, signal);
    this.store = store;
    this.#now = now;
  }

  /**
   * Opens a file without believing it, as leniently as the reference clients read JSON. @throws MetadataFault
   */
  open(bytes: Uint8Array, type: MetadataType): OpenedFile {
    return openFile(bytes, type, jsonPolicy(true));
  }

  /** Opens a file that `signers` signed. @throws MetadataFault */
  async openSigned(bytes: Uint8Array, type: MetadataType, signers: Signers): Promise<OpenedFile> {
    const file = this.open(bytes, type);
    await this.requireSigned(file.envelope, signers);
    return file;
  }

  /** @throws MetadataFault `code`, or `SameKeyTwice` */
  requireSigned(envelope: Envelope, signers: Signers, code?: FindingCode): Promise<void> {
    return requireThreshold(envelope, signers, this.ring, code);
  }

  /** What is stored for a role, if `open` accepts it; what does not verify any more is as good as absent. */
  async trusted<T>(role: string, open: (bytes: Uint8Array) => Promise<T>): Promise<T | undefined> {
    const bytes = await this.store.read(role);
    if (bytes === undefined) {
      return undefined;
    }
    try {
      return await open(bytes);
    } catch (error) {
      if (error instanceof MetadataFault) {
        return undefined;
      }
      throw error;
    }
  }

  /** Whether `expires` is higher than the start time (spec 5.3.10, 5.4.4, 5.5.6, 5.6.5). */
  isFresh({ expires }: Envelope): boolean {
    return this.#now.getTime() < expires.at;
  }

  /** The check for a freeze attack. @throws MetadataFault `RootExpired` or `MetadataExpired` */
  requireFresh(envelope: Envelope): void {
    if (this.isFresh(envelope)) {
      return;
    }
    const code = envelope.type === 'root' ? 'RootExpired' : 'MetadataExpired';
    throw new MetadataFault(code, `it expired at ${envelope.expires.text}`);
  }
}
