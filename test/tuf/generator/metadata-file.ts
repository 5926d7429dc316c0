import { canonicalize } from '@tufjs/canonical-json';
import type { Version } from '../../../src/tuf/metadata/version.ts';
import type { TestKey } from './keys.ts';

/** A JSON object that a test may change before it is signed. */
export type Draft = Record<string, unknown>;

/** One metadata file on its way: the content, who signs it, and what a mutator does to it on the way. */
export class MetadataFile {
  readonly role: string;
  signed: Draft;
  signers: readonly TestKey[];
  /** Changes to the content, made after links are filled in and before signing. */
  readonly edits: ((signed: Draft) => void)[] = [];
  /** Changes to the list of signatures, made after signing. */
  readonly signatureEdits: ((signatures: { keyid: string; sig: string }[]) => void)[] = [];
  /** Changes to the bytes, made after signing and before anything links them. */
  readonly byteEdits: ((bytes: Buffer) => Buffer)[] = [];

  constructor(role: string, signed: Draft, signers: readonly TestKey[]) {
    this.role = role;
    this.signed = signed;
    this.signers = signers;
  }

  get version(): Version {
    const { version } = this.signed;
    return typeof version === 'bigint' ? version : Number(version);
  }

  set version(version: Version) {
    this.signed['version'] = version;
  }

  /** Applies the edits, signs, and writes the file as the server does: sorted keys, indented by tabs. */
  seal(): Buffer {
    for (const edit of this.edits) {
      edit(this.signed);
    }
    const message = Buffer.from(withIntegers(canonicalize(withoutIntegers(this.signed))));
    const signatures = this.signers.map((key) => ({
      keyid: key.keyid,
      sig: key.sign(message).toString('hex'),
    }));
    for (const edit of this.signatureEdits) {
      edit(signatures);
    }
    const bytes = Buffer.from(withIntegers(indented(withoutIntegers({ signatures, signed: this.signed }))));
    return this.byteEdits.reduce<Buffer>((current, edit) => edit(current), bytes);
  }
}

const BIGINT = 'bigint:';

/** With a string in place of each bigint, which no writer of JSON takes. */
function withoutIntegers(value: unknown): unknown {
  return hasBigint(value)
    ? JSON.parse(JSON.stringify(value, (_key, v) => (typeof v === 'bigint' ? `${BIGINT}${v}` : v)))
    : value;
}

function hasBigint(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.values(value).some(hasBigint)
    : typeof value === 'bigint';
}

/** Puts the digits of the bigints into the text. */
function withIntegers(text: string): string {
  return text.replaceAll(new RegExp(`"${BIGINT}(\\d+)"`, 'g'), '$1');
}

/** Sorted, tab-indented JSON, as Go's json.MarshalIndent writes a struct that came through a map. */
function indented(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const inner = `${indent}\t`;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const items = Array.isArray(value)
    ? value.map((item) => indented(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => `${JSON.stringify(key)}: ${indented(item, inner)}`);
  if (items.length === 0) {
    return `${open}${close}`;
  }
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}
