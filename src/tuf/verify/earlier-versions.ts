import { hash } from 'node:crypto';
import { TerminalError } from '../../errors.ts';
import { writtenAt } from '../../storage/last-modified.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { KeyRing } from '../keys/keyring.ts';
import { isSigned } from '../keys/threshold.ts';
import { openFile } from '../metadata/envelope.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { parseRoot, type Root, signersOf } from '../metadata/root.ts';
import type { RootFacts } from './verification.ts';

/** A larger file is not worth what reading it on the caller's thread costs. Bytes. */
const MAX_BYTES = 1024 * 1024;

/** When an earlier version was signed until, and written. */
export interface EarlierTimes {
  readonly expires: Date;
  readonly writtenAt: Date;
}

/**
 * Reads versions of targets and snapshot below the chain's head. Nothing links them any more, so all that
 * they prove is what their signatures cover: that today's keys of the role signed this version until this
 * time.
 */
export class EarlierVersions {
  readonly #source: Pick<MetadataSource, 'get'>;
  readonly #head: Pick<RootFacts, 'version' | 'sha256'>;
  readonly #ring = new KeyRing();
  #root: Promise<Root | undefined> | undefined;

  /** @param root the verified head: its bytes are read again and believed by their digest */
  constructor(source: Pick<MetadataSource, 'get'>, root: Pick<RootFacts, 'version' | 'sha256'>) {
    this.#source = source;
    this.#head = root;
  }

  /**
   * What one earlier version was signed with; undefined when it is gone, larger than 1 MiB, damaged, or not
   * signed by the keys that sign the role today.
   *
   * @param listedAt when the listing says it was written
   *
   * @throws TransientError when storage does not answer, and the signal's reason
   */
  async timesOf(
    role: 'targets' | 'snapshot',
    version: number,
    listedAt: Date,
    signal: AbortSignal,
  ): Promise<EarlierTimes | undefined> {
    this.#root ??= this.#readRoot(signal);
    const root = await this.#root;
    const file = root && (await this.#read(fileName(role, version), MAX_BYTES, signal));
    if (root === undefined || file === undefined) {
      return undefined;
    }
    try {
      const { envelope } = openFile(file.bytes, role, 'unambiguous');
      const believed =
        envelope.version === version && (await isSigned(envelope, signersOf(root, role), this.#ring));
      return believed
        ? { expires: new Date(envelope.expires.at), writtenAt: writtenAt(listedAt, file.lastModified) }
        : undefined;
    } catch {
      // The source has given the file, so an error while it is read is about the file, and it tells nothing.
      return undefined;
    }
  }

  async #readRoot(signal: AbortSignal): Promise<Root | undefined> {
    const file = await this.#read(fileName('root', this.#head.version), LIMITS.rootBytes, signal);
    return file !== undefined && hash('sha256', file.bytes) === this.#head.sha256
      ? parseRoot(openFile(file.bytes, 'root', 'last-wins'))
      : undefined;
  }

  async #read(
    name: string,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly lastModified: Date | undefined } | undefined> {
    let lastModified: Date | undefined;
    const onLastModified = (at: Date): void => {
      lastModified = at;
    };
    try {
      const bytes = await this.#source.get(name, { maxBytes, signal, onLastModified });
      return { bytes, lastModified };
    } catch (error) {
      if (error instanceof TerminalError) {
        return undefined;
      }
      throw error;
    }
  }
}
