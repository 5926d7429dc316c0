import { hash } from 'node:crypto';
import { releaseMemory } from '../../storage/release-memory.ts';
import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { asArray, asObject, asShortString, asVersion, invalidMetadata, ownMember } from '../json/guards.ts';
import type { Ambiguity, ByteSpan, JSONAmbiguityPolicy, ScannedFile } from '../json/scanned-file.ts';
import { scanFile } from '../json/scanner.ts';
import { type Expires, parseExpires } from './expires.ts';
import { FORMATS } from './format.ts';
import { LIMITS } from './limits.ts';
import type { MetadataType } from './metadata-type.ts';
import type { Version } from './version.ts';

/** One entry of `signatures`. */
export interface Signature {
  readonly keyid: string;
  /** The signature's bytes; undefined when empty or not hex, which makes it contribute nothing. */
  readonly sig: Uint8Array | undefined;
  /** Whether it is hex, perhaps of nothing: the server reads no file with a signature that isn't. */
  readonly isHex: boolean;
}

/** What every metadata file has; nothing in it is proven until its signatures are. */
export interface Envelope {
  readonly type: MetadataType;
  readonly version: Version;
  readonly expires: Expires;
  readonly signatures: readonly Signature[];
  /** The bytes the signatures cover. */
  readonly canonical: Buffer;
  /** Lower-case hex sha256 of the whole file. */
  readonly sha256: string;
  /** Size of the whole file in bytes. */
  readonly size: number;
}

/** A metadata file that was read but not yet believed, with its body still unparsed. */
export interface OpenedFile {
  readonly envelope: Envelope;
  /** Forms noted under the lenient JSON policy. */
  readonly ambiguities: readonly Ambiguity[];
  /** Parses one member of `signed`; undefined when absent. */
  member(name: string): unknown;
  /** Whether a member of `signed` is an object, without parsing it. */
  isObject(name: string): boolean;
  /** The bytes of a member of `signed`, as they stand in the file; undefined when absent. */
  bytesOf(name: string): Buffer | undefined;
  /** How large a member of `signed` is, without parsing it; undefined when absent. */
  spanOf(name: string): ByteSpan | undefined;
}

/**
 * Opens a metadata file: strict JSON, `signatures`, and the fields every type has (spec 4.2, 4.3). Fields of
 * the type itself stay unparsed, so that a large `targets` costs one scan and no object.
 *
 * @param sha256 of `bytes`, where it was computed before
 * @throws MetadataFault checks 5, 9, 10, 18, 23, 24
 */
export function openFile(
  bytes: Uint8Array,
  type: MetadataType,
  policy: JSONAmbiguityPolicy,
  sha256: string = hash('sha256', bytes),
): OpenedFile {
  const file = scanFile(bytes, policy, FORMATS[type]);
  try {
    return opened(file, type, sha256);
  } catch (error) {
    releaseMemory(file.canonical);
    throw error;
  }
}

function opened(file: ScannedFile, type: MetadataType, sha256: string): OpenedFile {
  const signatures = parseSignatures(file);
  const signedMember = (name: string): unknown => parseSpan(file, file.signedMembers.get(name));
  if (!file.members.has('signed')) {
    invalidMetadata('signed', 'present');
  }
  const plainMember = (name: string): unknown =>
    parseSpan(file, file.signedMembers.get(name), LIMITS.plainField);
  const found = plainMember('_type');
  const capitalised = typeof found === 'string' && found !== type && found.toLowerCase() === type;
  if (capitalised && plainMember('spec_version') === undefined) {
    throw new MetadataFault(
      'UnsupportedSpecVersion',
      `signed._type is ${quoted(found)}, as TUF before 1.0 wrote it (Docker Notary, early tools)`,
    );
  }
  if (found !== type) {
    throw new MetadataFault('WrongType', `signed._type must be "${type}", not ${quoted(found)}`);
  }
  checkSpecVersion(plainMember('spec_version'));
  return {
    envelope: {
      type,
      version: asVersion(plainMember('version'), 'signed.version'),
      expires: parseExpires(plainMember('expires')),
      signatures,
      canonical: file.canonical,
      sha256,
      size: file.bytes.length,
    },
    ambiguities: file.ambiguities,
    member: signedMember,
    isObject: (name) => file.bytes[file.signedMembers.get(name)?.start ?? -1] === 0x7b,
    bytesOf: (name) => {
      const span = file.signedMembers.get(name);
      return span === undefined ? undefined : file.bytes.subarray(span.start, span.end);
    },
    spanOf: (name) => file.signedMembers.get(name),
  };
}

/**
 * The envelope of a verified file without its signed bytes, which are as large as the file and not needed
 * again.
 */
export function withoutSignedBytes(envelope: Envelope): Envelope {
  releaseMemory(envelope.canonical);
  return { ...envelope, canonical: Buffer.alloc(0) };
}

/** Parses one member, unless the objects parsed from it could take more memory than any real one needs. */
function parseSpan(
  file: ScannedFile,
  span: ByteSpan | undefined,
  { nodes, bytes }: { readonly nodes: number; readonly bytes: number } = LIMITS.parsedField,
): unknown {
  if (span === undefined) {
    return undefined;
  }
  if (span.nodes > nodes || span.end - span.start > bytes) {
    throw new MetadataFault(
      'LimitExceeded',
      `one field holds ${span.nodes} values in ${span.end - span.start} bytes; ${nodes} values and ${bytes} bytes are read`,
    );
  }
  const text = file.bytes.toString('utf8', span.start, span.end);
  const exact = file.ambiguities.some(({ code }) => code === 'IntegerTooLarge');
  return exact ? JSON.parse(text, keepLargeIntegers) : JSON.parse(text);
}

/**
 * Reviver: integers that a number can't hold become bigints. Slow, so only for files that are known to have
 * some.
 */
function keepLargeIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  const large = typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined;
  return large ? BigInt(context?.source ?? 0) : value;
}

/**
 * Key ids are unique within `signatures` (spec 4.2); surplus and broken signatures are allowed, oversized
 * ones not.
 */
function parseSignatures(file: ScannedFile): readonly Signature[] {
  const span = file.members.get('signatures');
  const size = span === undefined ? 0 : span.end - span.start;
  if (size > LIMITS.signaturesBytes) {
    throw new MetadataFault(
      'LimitExceeded',
      `signatures takes ${size} bytes, at most ${LIMITS.signaturesBytes} are read`,
    );
  }
  const list = asArray(parseSpan(file, span), 'signatures');
  if (list.length > LIMITS.signatures) {
    throw new MetadataFault('LimitExceeded', `signatures holds more than ${LIMITS.signatures} entries`);
  }
  const seen = new Set<string>();
  return list.map((item, index) => {
    const path = `signatures[${index}]`;
    const entry = asObject(item, path);
    const keyid = asShortString(ownMember(entry, 'keyid'), LIMITS.keyidCharacters, `${path}.keyid`);
    const sig = asShortString(ownMember(entry, 'sig'), LIMITS.signatureCharacters, `${path}.sig`);
    if (seen.has(keyid)) {
      throw new MetadataFault('DuplicateSignature', `the key id ${quoted(keyid)} signs twice`);
    }
    seen.add(keyid);
    const bytes = fromHex(sig);
    return { keyid, sig: bytes, isHex: bytes !== undefined || sig === '' };
  });
}

/** Undefined for what is empty or not hex: decoding stops at the first character that isn't. */
function fromHex(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'hex');
  return bytes.length > 0 && bytes.length * 2 === text.length ? bytes : undefined;
}

/** Major version 1 (spec 4.3 leaves what matches to the adopter); old writers say `1.0`. */
function checkSpecVersion(value: unknown): void {
  if (typeof value !== 'string' || !/^1\.\d{1,4}(\.\d{1,4})?$/.test(value)) {
    throw new MetadataFault(
      'UnsupportedSpecVersion',
      `signed.spec_version must be 1.x.y, not ${quoted(value)}${
        value === undefined || /^0\./.test(String(value)) ? ': the file is of TUF before 1.0' : ''
      }`,
    );
  }
}
