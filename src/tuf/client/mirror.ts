import { RecoveryError } from '../../errors.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { FileLink } from '../metadata/link.ts';
import type { Root } from '../metadata/root.ts';
import type { Version } from '../metadata/version.ts';
import { readMetadataFile } from '../verify/verification-context.ts';

/** The mirror as the client workflow asks it: one file by its name, never more bytes than may be there. */
export class Mirror {
  readonly #source: Pick<MetadataSource, 'get'>;
  readonly #signal: AbortSignal | undefined;

  constructor(source: Pick<MetadataSource, 'get'>, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** @throws MetadataFault `absent` or `FileTooLarge`; anything else the source throws */
  get(name: string, maxBytes: number, absent: FindingCode): Promise<Uint8Array> {
    return readMetadataFile(this.#source, name, maxBytes, absent, this.#signal);
  }

  /**
   * The file that a parent names: with its version in the name when snapshots are consistent (spec 5.5.1,
   * 5.6.1).
   *
   * @throws MetadataFault `absent` or `FileTooLarge`; anything else the source throws
   */
  getLinked(role: string, link: FileLink, root: Root, absent: FindingCode): Promise<Uint8Array> {
    const name = root.consistentSnapshot === true ? fileName(role, link.version) : `${role}.json`;
    return this.get(name, Math.min(link.length ?? LIMITS.fileBytes, LIMITS.fileBytes), absent);
  }

  /** A root version, or undefined when it is not there and the chain ends (spec 5.3.3). */
  async findRoot(version: Version): Promise<Uint8Array | undefined> {
    try {
      return await this.get(fileName('root', version), LIMITS.rootBytes, 'RootMissing');
    } catch (error) {
      const absent = error instanceof MetadataFault && error.code === 'RootMissing';
      // A mirror on S3 without permission to list says 403 for what is absent; a client can't tell more.
      const denied = error instanceof RecoveryError && error.code === 'AccessDenied';
      if (absent || denied) {
        return undefined;
      }
      throw error;
    }
  }
}
