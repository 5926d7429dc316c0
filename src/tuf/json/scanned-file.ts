/** Half-open range of bytes in the scanned file. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
  /** JSON values within. */
  readonly nodes: number;
}

/** How forms are treated that JSON allows but two parsers may read differently. */
export type JSONAmbiguityPolicy =
  /** Duplicate keys, names that fold to one of the format, and integers beyond 2^53 − 1 refuse the file. */
  | 'unambiguous'
  /** As the reference clients do: the last of two equal keys counts; all forms are noted. */
  | 'last-wins';

/** One ambiguous form, as the fault it would have been under `unambiguous`. */
export interface Ambiguity {
  readonly code: 'DuplicateJSONKey' | 'AmbiguousMemberName' | 'IntegerTooLarge';
  readonly message: string;
}

/** A metadata file that is well-formed JSON: where its parts lie and the bytes its signatures cover. */
export interface ScannedFile {
  readonly bytes: Buffer;
  /** `signed` and `signatures`, as far as they are there. */
  readonly members: ReadonlyMap<string, ByteSpan>;
  /** The members of `signed` that the format names; empty when `signed` is absent or not an object. */
  readonly signedMembers: ReadonlyMap<string, ByteSpan>;
  /** OLPC canonical bytes of `signed`; empty when absent. */
  readonly canonical: Buffer;
  /** Under `last-wins`: the ambiguous forms that were met. */
  readonly ambiguities: readonly Ambiguity[];
}
