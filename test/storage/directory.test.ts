import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectorySource } from '../../src/storage/directory.ts';
import { listAll } from '../harness/list-all.ts';

let base: string;
let directory: string;
let source: DirectorySource;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'directory-source-'));
  directory = join(base, 'repository');
  mkdirSync(directory);
  source = new DirectorySource(directory);
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function put(file: string, content = file): void {
  writeFileSync(join(directory, file), content);
}

async function text(name: string): Promise<string> {
  return Buffer.from(await source.get(name, { maxBytes: 100 })).toString();
}

test('lists every file with its size and the time it was last written', async () => {
  put('1.root.json', 'root');
  utimesSync(join(directory, '1.root.json'), 0, new Date('2026-05-01T10:00:00Z'));
  mkdirSync(join(directory, 'sub'));
  put('sub/2.root.json');
  expect(await listAll(source)).toEqual([
    { name: '1.root.json', size: 4, lastModified: new Date('2026-05-01T10:00:00Z') },
  ]);
});

test('gives the exact bytes of files that are read in the thread pool, and of empty ones', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 7, 'metadata ');
  writeFileSync(join(directory, '1.targets.json'), large);
  put('1.empty.json', '');
  expect(large.equals(await source.get('1.targets.json', { maxBytes: large.length }))).toBe(true);
  await expect(source.get('1.targets.json', { maxBytes: large.length - 1 })).rejects.toMatchObject({
    code: 'TooLarge',
  });
  expect(await source.get('1.empty.json', { maxBytes: 0 })).toHaveLength(0);
});

test('hands out bytes of which no other view exists', async () => {
  put('1.root.json');
  const bytes = await source.get('1.root.json', { maxBytes: 100 });
  expect(bytes.buffer.byteLength).toBe(bytes.length);
});

test('finds roles with any name under its percent-encoded spelling, and lists them decoded', async () => {
  const names = ['1.a/b.json', '1.../x.json', '1.?#.json', '1.é 🍺.json', "1.it's!(*).json", '1.100%.json'];
  const files = [
    '1.a%2Fb.json',
    '1...%2Fx.json',
    '1.%3F%23.json',
    '1.%C3%A9%20%F0%9F%8D%BA.json',
    '1.it%27s%21%28%2A%29.json',
    '1.100%25.json',
  ];
  for (const file of files) {
    put(file);
  }
  expect((await listAll(source)).map(({ name }) => name).sort()).toEqual(names.toSorted());
  for (const [index, name] of names.entries()) {
    expect(await text(name)).toBe(files[index]);
  }
});

test('finds a file that was put there under its plain name', async () => {
  put('1.my role.json');
  put('1.50% off.json');
  expect(await text('1.my role.json')).toBe('1.my role.json');
  expect(await text('1.50% off.json')).toBe('1.50% off.json');
  expect((await listAll(source)).map(({ name }) => name).sort()).toEqual([
    '1.50% off.json',
    '1.my role.json',
  ]);
});

describe('never leaves the directory', () => {
  test.each(['../secret.json', '..', '/etc/hostname', '1.x/../../secret.json', 'a\0b'])(
    'by the name %j',
    async (name) => {
      writeFileSync(join(base, 'secret.json'), 'secret');
      await expect(source.get(name, { maxBytes: 100 })).rejects.toMatchObject({
        name: expect.stringMatching(/Error/),
      });
    },
  );

  test('by a symbolic link', async () => {
    writeFileSync(join(base, 'secret.json'), 'secret');
    symlinkSync(join(base, 'secret.json'), join(directory, '1.root.json'));
    await expect(text('1.root.json')).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test('but follows a link inside it, as copies of buckets have them', async () => {
    put('1.root.json', 'root');
    symlinkSync('1.root.json', join(directory, 'root.json'));
    expect(await text('root.json')).toBe('root');
  });
});

describe('says what is wrong', () => {
  test('with a directory that does not exist', async () => {
    const missing = new DirectorySource(join(base, 'nowhere'));
    await expect(listAll(missing)).rejects.toMatchObject({ code: 'NotFound' });
    await expect(missing.get('1.root.json', { maxBytes: 1 })).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('with a file where the directory should be', async () => {
    writeFileSync(join(base, 'file'), '');
    await expect(listAll(new DirectorySource(join(base, 'file')))).rejects.toMatchObject({
      code: 'InvalidSource',
    });
  });

  test('with a name that is too long for any file', async () => {
    await expect(text(`1.${'x'.repeat(300)}.json`)).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('with a file that is larger than allowed', async () => {
    put('1.root.json', 'x'.repeat(101));
    await expect(text('1.root.json')).rejects.toMatchObject({ code: 'TooLarge' });
    put('1.root.json', 'x'.repeat(100));
    expect(await text('1.root.json')).toHaveLength(100);
  });

  test('with a file that may not be read', async () => {
    put('1.root.json');
    chmodSync(join(directory, '1.root.json'), 0);
    await asUserWithoutRights(async () => {
      await expect(text('1.root.json')).rejects.toMatchObject({ code: 'AccessDenied' });
    });
  });

  test('with a signal that is aborted', async () => {
    put('1.root.json');
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(listAll(source, signal)).rejects.toBe(reason);
    await expect(source.get('1.root.json', { maxBytes: 100, signal })).rejects.toBe(reason);
  });
});

/** Root reads everything, whatever the mode says: run as root, the test gives that up meanwhile. */
async function asUserWithoutRights(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    process.seteuid?.(65_534);
  }
  try {
    await work();
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
  }
}
