import { hash } from 'node:crypto';
import { TerminalError } from '../../errors.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import { KeyRing } from '../keys/keyring.ts';
import { isSigned } from '../keys/threshold.ts';
import { openFile } from '../metadata/envelope.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { parseRoot, type Root, signersOf } from '../metadata/root.ts';
import type { RootFacts } from './verification.ts';

/** A larger file is not worth what reading it on the caller's thread costs. Bytes. */
const MAX_BYTES = 1024 * 1024;

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
   * When one earlier version expires; undefined when it is gone, larger than 1 MiB, damaged, or not signed by
   * the keys that sign the role today.
   *
   * @throws TransientError when storage does not answer, and the signal's reason
   */
  async expiryOf(
    role: 'targets' | 'snapshot',
    version: number,
    signal: AbortSignal,
  ): Promise<Date | undefined> {
    this.#root ??= this.#readRoot(signal);
    const root = await this.#root;
    const bytes = root && (await this.#read(fileName(role, version), MAX_BYTES, signal));
    if (root === undefined || bytes === undefined) {
      return undefined;
    }
    try {
      const { envelope } = openFile(bytes, role, 'unambiguous');
      const believed =
        envelope.version === version && (await isSigned(envelope, signersOf(root, role), this.#ring));
      return believed ? new Date(envelope.expires.at) : undefined;
    } catch (error) {
      if (error instanceof MetadataFault) {
        return undefined;
      }
      throw error;
    }
  }

  async #readRoot(signal: AbortSignal): Promise<Root | undefined> {
    const bytes = await this.#read(fileName('root', this.#head.version), LIMITS.rootBytes, signal);
    return bytes !== undefined && hash('sha256', bytes) === this.#head.sha256
      ? parseRoot(openFile(bytes, 'root', 'last-wins'))
      : undefined;
  }

  async #read(name: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      return await this.#source.get(name, { maxBytes, signal });
    } catch (error) {
      if (error instanceof TerminalError) {
        return undefined;
      }
      throw error;
    }
  }
}
