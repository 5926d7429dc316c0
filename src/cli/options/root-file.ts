import { TerminalError } from '../../errors.ts';
import { detectStoredEncoding } from '../../storage/stored-encoding.ts';
import { readInputFile } from './input-file.ts';

/** The largest root that is read. */
const MAX_BYTES = 512_000;

/**
 * Reads the root that `--root` names, and refuses what can't be one: that is a mistake in the command, not in
 * the storage. Whether it is a valid root is for the verifier to say.
 *
 * @throws {TerminalError} `InvalidInput`, naming the file
 */
export async function readRootFile(path: string): Promise<Uint8Array> {
  const bytes = await readInputFile(path, '--root');
  const fault = faultOf(bytes);
  if (fault !== undefined) {
    throw new TerminalError(
      'InvalidInput',
      `--root: ${path} ${fault}. Name the N.root.json that your clients ship, byte for byte.`,
    );
  }
  return bytes;
}

function faultOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) {
    return 'is empty';
  }
  if (bytes.length > MAX_BYTES) {
    return `has ${bytes.length} bytes, more than any root`;
  }
  const form = detectStoredEncoding(bytes);
  if (form !== undefined) {
    return `is ${form}`;
  }
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Neither decoder nor parser says more than this.
    return 'is no JSON document';
  }
  const type = member(member(document, 'signed'), '_type');
  if (type === 'root') {
    return undefined;
  }
  if (type === 'Root') {
    return 'is a root of TUF before 1.0, which is not supported';
  }
  return typeof type === 'string'
    ? `is ${JSON.stringify(type.slice(0, 40))} metadata, no root`
    : 'is no TUF metadata';
}

function member(value: unknown, name: string): unknown {
  // Null and values that are no objects have no members.
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
