import { RecoveryError } from '../../errors.ts';
import { releaseMemory } from '../../storage/release-memory.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { detectStoredEncoding } from '../../storage/stored-encoding.ts';
import { MetadataFault } from '../findings/fault.ts';
import { FindingList } from '../findings/finding-list.ts';
import type { FindingCode } from '../findings/findings.ts';
import { printable, quoted } from '../findings/text.ts';
import type { JSONAmbiguityPolicy } from '../json/scanned-file.ts';
import { KeyRing } from '../keys/keyring.ts';
import { serverSignatureRefusal } from '../keys/server-keys.ts';
import type { Signers } from '../keys/threshold.ts';
import { type Catalogue, listedBytes } from '../metadata/catalogue.ts';
import { type Envelope, type OpenedFile, openFile } from '../metadata/envelope.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { MetadataType } from '../metadata/metadata-type.ts';
import type { Version } from '../metadata/version.ts';
import type { VerifyOptions } from './verification.ts';

/**
 * How much is verified in a row before the event loop gets a turn, counted in bytes. A signature costs as
 * much as scanning some 8 KiB (ed25519) to 64 KiB (P-384), so a turn is at most 16 files: 2 to 16 ms.
 */
const WORK_PER_TURN = 131_072;
const WORK_PER_FILE = 8192;

/** The role a run is at. */
export interface RoleAtWork {
  readonly role: string;
  readonly version: Version | undefined;
}

/** A file's bytes, and their sha256 where its link made that be computed. */
export interface BytesWithDigest {
  readonly bytes: Uint8Array;
  readonly sha256?: string | undefined;
}

/** Where a verification reads. */
export interface FileSource extends Pick<MetadataSource, 'get'> {
  /** Whether the bytes it gives belong to who asked for them. */
  readonly handsOver?: boolean;
}

/** What one verification carries along: where it reads, what it was asked, and what it has found. */
export class VerificationContext {
  readonly options: VerifyOptions;
  readonly catalogue: Catalogue;
  readonly findings: FindingList;
  readonly ring = new KeyRing();
  /** Whether the newest root wants versions in the names of files; its walk sets it. */
  consistentSnapshot = true;
  readonly #source: FileSource;
  #workThisTurn = 0;
  #turn: Promise<void> | undefined;
  #roleAtWork: RoleAtWork = { role: 'root', version: undefined };
  #sourceFailure: { readonly error: unknown } | undefined;

  constructor(source: FileSource, catalogue: Catalogue, options: VerifyOptions) {
    this.#source = source;
    this.catalogue = catalogue;
    this.options = options;
    this.findings = new FindingList(options.policy);
  }

  /** Says which role is being worked on; a wall is attributed to it. */
  enter(role: string, version?: Version): void {
    this.#roleAtWork = { role, version };
  }

  /** The role being worked on, and its version where a parent names one. */
  get roleAtWork(): RoleAtWork {
    return this.#roleAtWork;
  }

  get strict(): boolean {
    return this.options.policy.mode === 'strict';
  }

  /**
   * The bytes of one file, once: never more than were listed, so that an object that is replaced by a larger
   * one after the listing costs nothing. Storage errors other than "not there" and "too large" are no
   * findings: they are thrown as they are.
   *
   * @throws MetadataFault `absent` or `FileTooLarge`
   */
  async get(name: string, maxBytes: number, absent: FindingCode): Promise<Uint8Array> {
    const { signal } = this.options;
    const listed = listedBytes(this.catalogue.objects.get(name)) ?? LIMITS.unlistedBytes;
    try {
      const bytes = await readMetadataFile(this.#source, name, Math.min(maxBytes, listed), absent, signal);
      await this.#yield(bytes.length);
      signal?.throwIfAborted();
      return bytes;
    } catch (error) {
      if (!(error instanceof MetadataFault)) {
        this.#sourceFailure = { error };
      }
      throw error;
    }
  }

  /**
   * What an error says about the file that was being worked on. Whatever reading a file throws is a fault of
   * that file, so that no content can end a run without a verdict.
   *
   * @throws the error itself when it is none of the file's: the source failed, the run was aborted, or what
   *   the caller gave was wrong
   */
  faultOf(error: unknown): MetadataFault {
    if (error instanceof MetadataFault) {
      return error;
    }
    const isSources = this.#sourceFailure !== undefined && this.#sourceFailure.error === error;
    if (isSources || error instanceof RecoveryError || this.options.signal?.aborted === true) {
      throw error;
    }
    return processingFailed(error);
  }

  /** Gives the event loop a turn after so much work; everything that is under way waits for the same turn. */
  async #yield(bytes: number): Promise<void> {
    this.#workThisTurn += WORK_PER_FILE + bytes;
    if (this.#workThisTurn >= WORK_PER_TURN && this.#turn === undefined) {
      this.#turn = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#workThisTurn = 0;
        this.#turn = undefined;
      });
    }
    await this.#turn;
  }

  /**
   * Reports what verifies here and not on the server, which uses keys in its own way. Called while the signed
   * bytes are at hand.
   */
  async reviewSigners(role: string, envelope: Envelope, signers: Signers): Promise<void> {
    const refusal = await serverSignatureRefusal(envelope, signers, this.ring);
    const unreadable = envelope.signatures.some(({ sig, isHex }) => sig === undefined && !isHex);
    for (const why of [refusal, unreadable ? "it can't read a signature that is not hex" : undefined]) {
      if (why !== undefined) {
        this.findings.add('ServerWouldRefuse', {
          role,
          version: envelope.version,
          detail: `the server would not verify the file: ${printable(why, 400)}`,
        });
      }
    }
  }

  /** Says that nothing looks at a file's bytes any more. */
  discard({ bytes }: BytesWithDigest): void {
    // A view may share its buffer with other files.
    if (this.#source.handsOver === true && bytes.byteLength === bytes.buffer.byteLength) {
      releaseMemory(bytes);
    }
  }

  /** Opens a file by the JSON policy of the mode and notes ambiguous forms. @throws MetadataFault */
  open({ bytes, sha256 }: BytesWithDigest, type: MetadataType, role: string): OpenedFile {
    const file = openFile(bytes, type, jsonPolicy(this.strict), sha256);
    for (const { code, message } of file.ambiguities) {
      this.findings.add(code, { role, version: file.envelope.version, detail: message });
    }
    return file;
  }
}

/**
 * Strict follows the reference clients, which keep the last of two equal keys; recovery refuses the
 * ambiguity.
 */
export function jsonPolicy(strict: boolean): JSONAmbiguityPolicy {
  return strict ? 'last-wins' : 'unambiguous';
}

/** @throws MetadataFault `absent`, `FileTooLarge` or `StoredEncoded`; anything else the source throws */
export async function readMetadataFile(
  source: Pick<MetadataSource, 'get'>,
  name: string,
  maxBytes: number,
  absent: FindingCode,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await source.get(name, { maxBytes, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    if (!(error instanceof RecoveryError)) {
      throw error;
    }
    if (error.code === 'NotFound') {
      throw new MetadataFault(absent, `${name} is not there`, { cause: error });
    }
    if (error.code === 'StoredEncoded') {
      throw new MetadataFault('StoredEncoded', error.message.replace(/\.$/, ''), { cause: error });
    }
    if (error.code === 'TooLarge') {
      throw new MetadataFault('FileTooLarge', `${name} is larger than ${maxBytes} bytes`, { cause: error });
    }
    throw error;
  }
  const form = storedFormOf(bytes);
  if (form !== undefined) {
    throw new MetadataFault('StoredEncoded', `${name} is ${form}`);
  }
  return bytes;
}

/**
 * @throws MetadataFault `ProcessingFailed`: the source has given the file, so what fails now is about the
 * file
 */
function storedFormOf(bytes: Uint8Array): string | undefined {
  try {
    return detectStoredEncoding(bytes);
  } catch (error) {
    throw processingFailed(error);
  }
}

function processingFailed(error: unknown): MetadataFault {
  const what = `reading the file failed with ${quoted(String(error), 200)}`;
  return new MetadataFault('ProcessingFailed', what, { cause: error });
}
