/** Bytes of a file's beginning that tell its form. */
const FORM_BYTES = 96;

/** `8a;chunk-signature=…` or `8a`, and a line end: how the SDKs frame the body of an upload. */
const chunkHeader = /^[0-9a-f]{1,8}(;[\w-]+=[^\r\n]*)?\r\n/i;

const magicNumbers: readonly (readonly [form: string, bytes: readonly number[]])[] = [
  ['compressed with gzip', [0x1f, 0x8b]],
  ['compressed with zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['UTF-16 text', [0xff, 0xfe]],
  ['UTF-16 text', [0xfe, 0xff]],
];

/**
 * What a store, a proxy or a copying tool turned a file into that was JSON when it was uploaded, in words
 * that follow "the file is"; undefined for what begins in none of these forms. No JSON document does.
 */
export function detectStoredEncoding(beginning: Uint8Array): string | undefined {
  const known = magicNumbers.find(([, magic]) => magic.every((byte, at) => beginning[at] === byte));
  if (known !== undefined) {
    return known[0];
  }
  const text = Buffer.from(beginning.subarray(0, FORM_BYTES)).toString('latin1');
  return chunkHeader.test(text) ? 'in the chunk framing of its upload (aws-chunked)' : undefined;
}
