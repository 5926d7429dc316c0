import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

const BLOCK = 512;
/** The two empty blocks at the end. */
const END = new Uint8Array(2 * BLOCK);
const NAME_BYTES = 100;
/** Type flags of the format, in both directions. */
const TYPES = { file: '0', hardlink: '1', symlink: '2', directory: '5' } as const;

/** One member of an archive. */
export interface TarEntry {
  /** Relative to the root, without a leading or trailing slash. */
  readonly path: string;
  readonly type: keyof typeof TYPES;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file: its bytes, or where they lie on the disk. */
  readonly content?: Uint8Array | { readonly file: string };
  /** Of a link. */
  readonly target?: string;
  /** Only ever read: the file gives the user who runs it Linux capabilities. */
  readonly hasCapabilities?: true;
}

/**
 * An archive as a stream of bytes that depends on nothing but its entries and the time: owners have no names,
 * every time is the same, the order is the caller's. Format: POSIX.1-2001 (ustar with pax headers for long
 * names).
 *
 * @param mtime seconds since 1970, for every entry
 */
export async function* writeTar(
  entries: Iterable<TarEntry> | AsyncIterable<TarEntry>,
  mtime: number,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
    const long = paxRecords({ path: name, linkpath: entry.target ?? '' });
    if (long.length > 0) {
      yield header({ path: 'pax', mode: 0o644, uid: 0, gid: 0 }, 'x', long.length, mtime);
      yield* padded(long);
    }
    const size = await sizeOf(entry);
    yield header({ ...entry, path: name }, TYPES[entry.type], size, mtime);
    if (entry.content === undefined) {
      continue;
    }
    if (entry.content instanceof Uint8Array) {
      yield* padded(entry.content);
    } else {
      let written = 0;
      for await (const chunk of createReadStream(entry.content.file)) {
        const bytes: Uint8Array = chunk;
        written += bytes.length;
        yield bytes;
      }
      if (written !== size) {
        throw new Error(`${entry.content.file} changed while it was read.`);
      }
      yield new Uint8Array(padding(size));
    }
  }
  yield END;
}

/**
 * The members of an archive in memory. Reads ustar, pax and GNU long names; other kinds of members (devices)
 * are left out, as no image layer here has a use for them.
 *
 * @throws Error when the archive ends in the middle of a member
 */
export function* readTar(archive: Uint8Array): Generator<TarEntry> {
  let long: Pax = {};
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const block = archive.subarray(at, at + BLOCK);
    if (block.every((byte) => byte === 0)) {
      return;
    }
    const size = octal(block, 124, 12);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) {
      throw new Error('The archive ends in the middle of a member.');
    }
    at += BLOCK + size + padding(size);
    const flag = text(block, 156, 1);
    if (flag === 'x') {
      long = { ...long, ...readPax(content) };
    } else if (flag === 'L') {
      long.path = text(content, 0, size);
    } else if (flag === 'K') {
      long.linkpath = text(content, 0, size);
    } else {
      const type = typeOf(flag);
      const prefix = text(block, 257, 5) === 'ustar' && block[262] === 0 ? text(block, 345, 155) : '';
      const short = prefix === '' ? text(block, 0, NAME_BYTES) : `${prefix}/${text(block, 0, NAME_BYTES)}`;
      const path = (long.path ?? short).replace(/^\.?\/+|\/+$/g, '');
      const target = long.linkpath ?? text(block, 157, NAME_BYTES);
      const capable = long.capability !== undefined;
      long = {};
      if (type === undefined || path === '' || path === '.') {
        continue;
      }
      const mode = octal(block, 100, 8) & 0o7777;
      const common = {
        ...{ path, type, mode, uid: octal(block, 108, 8), gid: octal(block, 116, 8) },
        ...(capable ? { hasCapabilities: true as const } : {}),
      };
      if (type === 'file') {
        yield { ...common, content };
      } else if (type === 'directory') {
        yield common;
      } else {
        yield { ...common, target };
      }
    }
  }
}

function typeOf(flag: string): TarEntry['type'] | undefined {
  if (flag === '') {
    return 'file';
  }
  for (const type of ['file', 'hardlink', 'symlink', 'directory'] as const) {
    if (TYPES[type] === flag) {
      return type;
    }
  }
  return undefined;
}

function header(
  entry: Pick<TarEntry, 'path' | 'mode' | 'uid' | 'gid' | 'target'>,
  flag: string,
  size: number,
  mtime: number,
): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const number = (value: number, at: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  };
  block.write(shortened(entry.path), 0, 'utf8');
  number(entry.mode, 100, 8);
  number(entry.uid, 108, 8);
  number(entry.gid, 116, 8);
  number(size, 124, 12);
  number(mtime, 136, 12);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(shortened(entry.target ?? ''), 157, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

/** What a reader without pax sees of a long name; the whole one is in the pax header. */
function shortened(name: string): string {
  return Buffer.byteLength(name) <= NAME_BYTES
    ? name
    : Buffer.from(name).subarray(0, NAME_BYTES).toString('latin1');
}

function paxRecords(values: Readonly<Record<string, string>>): Uint8Array {
  const records = Object.entries(values)
    .filter(([, value]) => Buffer.byteLength(value) > NAME_BYTES)
    .map(([key, value]) => {
      // A record begins with its own length, which counts its own digits.
      const rest = ` ${key}=${value}\n`;
      const bytes = Buffer.byteLength(rest);
      let length = bytes + String(bytes).length;
      if (bytes + String(length).length !== length) {
        length = bytes + String(length).length;
      }
      return `${length}${rest}`;
    });
  return Buffer.from(records.join(''));
}

/** What a pax header says of the member after it. */
interface Pax {
  path?: string;
  linkpath?: string;
  capability?: string;
}

function readPax(content: Uint8Array): Pax {
  const text = Buffer.from(content).toString('latin1');
  const found: Pax = {};
  // Each record begins with its own length, so that a value may hold anything.
  for (let at = 0; at < text.length; ) {
    const [head, length = '0'] = /^(\d+) /.exec(text.slice(at, at + 16)) ?? [];
    if (head === undefined || Number(length) <= head.length) {
      throw new Error('A pax header of the archive is broken.');
    }
    const record = text.slice(at + head.length, at + Number(length) - 1);
    const [key, value] = [record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1)];
    const name = Buffer.from(value, 'latin1').toString('utf8');
    if (key === 'path' || key === 'linkpath') {
      found[key] = name;
    } else if (key === 'SCHILY.xattr.security.capability') {
      found.capability = value;
    }
    at += Number(length);
  }
  return found;
}

function* padded(content: Uint8Array): Generator<Uint8Array> {
  yield content;
  yield new Uint8Array(padding(content.length));
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

async function sizeOf({ content }: TarEntry): Promise<number> {
  if (content === undefined) {
    return 0;
  }
  return content instanceof Uint8Array ? content.length : (await stat(content.file)).size;
}

function text(block: Uint8Array, at: number, length: number): string {
  const [value = ''] = Buffer.from(block.subarray(at, at + length))
    .toString('utf8')
    .split('\u0000');
  return value;
}

function octal(block: Uint8Array, at: number, length: number): number {
  const digits = text(block, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) {
    throw new Error('The archive is no tar, or is broken: a number in a header is none.');
  }
  return Number.parseInt(digits || '0', 8);
}
