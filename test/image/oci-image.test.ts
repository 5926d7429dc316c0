import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlobStore } from '../../scripts/image/blob-store.ts';
import { buildImage, type ImageOptions } from '../../scripts/image/build-image.ts';
import { readImage } from '../../scripts/image/check-image.ts';
import { ImageLayout, readArchive } from '../../scripts/image/image-layout.ts';
import { storeImage, writeLayout } from '../../scripts/image/oci-layout.ts';
import { buildProgramFiles, readDockerfile, type Stages } from '../../scripts/image/program-files.ts';
import { readTar, type TarEntry, writeTar } from '../../scripts/image/tar.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

const NAME = 'registry.example.com/tuf-recovery-operator:1.2.3';

let directory: TemporaryDirectory;
/** An archive of a root file system that holds what the Dockerfile counts on. */
let base: string;
let first: string;
let stages: Stages;
/** What the Dockerfile puts onto its base. */
let program: string;
/** The least that can stand for it, where its content does not matter. */
let small: string;

beforeAll(async () => {
  directory = await temporaryDirectory('oci');
  base = join(directory.path, 'base.tar');
  await archive(base, [node]);
  stages = await readDockerfile(process.cwd());
  program = await built('program');
  small = join(directory.path, 'small');
  await mkdir(join(small, 'app'), { recursive: true });
  await cp(join(program, 'app/sbom.cdx.json'), join(small, 'app/sbom.cdx.json'));
  await writeFile(join(small, 'app/tuf-recovery.js'), '');
  first = join(directory.path, 'first.oci.tar');
  await buildImage(options({ output: first, files: program }));
});

afterAll(() => directory[Symbol.asyncDispose]());

/** Builds what the Dockerfile puts onto its base. */
async function built(name: string): Promise<string> {
  const work = join(directory.path, name);
  await mkdir(work);
  await buildProgramFiles(stages, process.cwd(), work, join(work, 'files'));
  return join(work, 'files');
}

/** Stands for Node.js: nothing is run here. */
const node: TarEntry = file('nodejs/bin/node', 0o755);

function file(path: string, mode = 0o644): TarEntry {
  return { path, type: 'file', mode, uid: 0, gid: 0, content: Buffer.from('content') };
}

async function archive(path: string, entries: readonly TarEntry[]): Promise<void> {
  await pipeline(Readable.from(writeTar(entries, 0)), createWriteStream(path));
}

function options(given: Partial<ImageOptions>): ImageOptions {
  return {
    stages,
    files: small,
    architectures: ['amd64'],
    name: NAME,
    output: join(directory.path, 'out.oci.tar'),
    base,
    mirror: '',
    nodeVersion: '',
    mtime: 0,
    ...given,
  };
}

/** An OCI layout with one image for each architecture, each with the same one layer. */
async function layoutFor(architectures: readonly ('amd64' | 'arm64')[], env: string): Promise<string> {
  const blobs = join(directory.path, `blobs-${architectures.join('-')}`);
  await mkdir(blobs);
  const store = new BlobStore(blobs);
  const layer = await store.layer([node], 0);
  const manifests = [];
  for (const architecture of architectures) {
    const parts = {
      architecture,
      layers: [layer],
      config: { Env: [env], Cmd: ['of the base'] },
      history: [],
    };
    manifests.push(await storeImage(store, parts, 0));
  }
  const path = join(directory.path, `${architectures.join('-')}.oci.tar`);
  await writeLayout(store, manifests, 'base:1', path, 0);
  return path;
}

/** Of the C library, whose defaults hold freed memory back. */
const MALLOC = ['MALLOC_ARENA_MAX=2', 'MALLOC_TRIM_THRESHOLD_=131072'];

describe('the image built without Docker', () => {
  test('is the same, byte for byte, when it is built again', async () => {
    const second = join(directory.path, 'second.oci.tar');
    await buildImage(options({ output: second, files: await built('again') }));
    expect(digest(await readFile(second))).toBe(digest(await readFile(first)));
  });

  test('runs as the Dockerfile says', async () => {
    const { config } = await readImage(first, 'amd64');
    expect(config).toMatchObject({
      User: '65532:65532',
      WorkingDir: '/app',
      Env: ['NODE_ENV=production', 'HOME=/app', ...MALLOC],
      Entrypoint: ['/nodejs/bin/node', '--max-semi-space-size=8', '--expose-gc', '/app/tuf-recovery.js'],
      Cmd: ['--help'],
      Labels: { 'org.opencontainers.image.licenses': 'Apache-2.0' },
    });
  });

  test('holds in /app what the Dockerfile builds, owned by root and writable by no other user', async () => {
    const { files } = await readImage(first, 'amd64');
    const found = [...files.values()].filter(({ path, type }) => path.startsWith('app/') && type === 'file');
    expect(found.length).toBeGreaterThan(20);
    for (const { path, content, uid, gid, mode } of found) {
      expect(
        Buffer.compare(
          await readFile(join(program, path)),
          content instanceof Uint8Array ? content : Buffer.alloc(0),
        ),
        path,
      ).toBe(0);
      expect([uid, gid, mode], path).toEqual([0, 0, 0o644]);
    }
    const names = (await readdir(program, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    expect(found).toHaveLength(names.length);
  });

  test('is named so that a container runtime finds it', async () => {
    const [index] = [...readTar(await readArchive(first))].filter(({ path }) => path === 'index.json');
    const { manifests } = JSON.parse(
      Buffer.from(index?.content instanceof Uint8Array ? index.content : []).toString(),
    );
    expect(manifests).toMatchObject([
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        platform: { os: 'linux', architecture: 'amd64' },
        annotations: { 'io.containerd.image.name': NAME, 'org.opencontainers.image.ref.name': '1.2.3' },
      },
    ]);
  });

  test('has its time from SOURCE_DATE_EPOCH only', async () => {
    const output = join(directory.path, 'later.oci.tar');
    await buildImage(options({ output, mtime: 1_700_000_000 }));
    const layout = ImageLayout.archive(output, await readArchive(output));
    expect(JSON.stringify(await layout?.image('amd64'))).toContain('2023-11-14T22:13:20.000Z');
  });
});

describe('a base image', () => {
  test('may be an OCI layout for several platforms; each image is made from its own', async () => {
    const multi = await layoutFor(['amd64', 'arm64'], 'FROM_BASE=1');
    const output = join(directory.path, 'multi.oci.tar');
    const built = await buildImage(options({ base: multi, output, architectures: ['amd64', 'arm64'] }));
    expect(built.platforms.map(({ architecture }) => architecture)).toEqual(['amd64', 'arm64']);
    for (const architecture of ['amd64', 'arm64'] as const) {
      const { config, files } = await readImage(output, architecture);
      expect(config.Env).toEqual(['FROM_BASE=1', 'NODE_ENV=production', 'HOME=/app', ...MALLOC]);
      expect(config.Cmd).toEqual(['--help']);
      expect([...files.keys()]).toEqual(expect.arrayContaining(['nodejs/bin/node', 'app/tuf-recovery.js']));
    }
  });

  test('for another platform only is refused', async () => {
    const arm = await layoutFor(['arm64'], 'A=1');
    await expect(buildImage(options({ base: arm }))).rejects.toThrow('holds no image for linux/amd64');
  });

  test('that was damaged is refused', async () => {
    const sound = await readArchive(first);
    const damaged = join(directory.path, 'damaged.oci.tar');
    const entries = [...readTar(sound)].map((entry) =>
      entry.content instanceof Uint8Array &&
      entry.path.startsWith('blobs/') &&
      entry.content.length > 1_000_000
        ? { ...entry, content: Buffer.concat([entry.content.subarray(0, -1), Buffer.from([0xff])]) }
        : entry,
    );
    await archive(damaged, entries);
    await expect(buildImage(options({ base: damaged }))).rejects.toThrow(
      /sha256:\w+ is damaged. Save it again/,
    );
  });

  test('that is no archive is refused', async () => {
    const text = join(directory.path, 'text');
    await writeFile(text, 'no archive');
    await expect(buildImage(options({ base: text }))).rejects.toThrow(/holds no files/);
  });

  test.each<[string, readonly TarEntry[], string]>([
    ['a shell', [node, file('bin/sh', 0o755)], 'it holds a shell: /bin/sh'],
    ['a shell as a link', [node, { ...file('usr/bin/bash'), type: 'symlink', target: 'x' }], '/usr/bin/bash'],
    ['a package manager', [node, file('usr/bin/dpkg', 0o755)], 'it holds a package manager: /usr/bin/dpkg'],
    [
      'a file that runs as its owner',
      [node, file('x', 0o4755)],
      'raises the rights of the user who runs it: /x',
    ],
    ['a file every user may write', [node, file('x', 0o666)], 'every user may write: /x'],
    ['no Node.js', [file('etc/passwd')], 'its entry point names /nodejs/bin/node, which is not in it'],
  ])('with %s breaks what the image promises', async (_what, entries, message) => {
    const bad = join(directory.path, 'bad.tar');
    await archive(bad, entries);
    await expect(buildImage(options({ base: bad }))).rejects.toThrow(message);
  });
});

test('a file that gives Linux capabilities to the user who runs it breaks what the image promises', async () => {
  const bad = join(directory.path, 'capable.tar');
  await mkdir(join(directory.path, 'nodejs/bin'), { recursive: true });
  await writeFile(join(directory.path, 'nodejs/bin/node'), '', { mode: 0o755 });
  // Where archives keep what setcap writes.
  const attribute = '--pax-option=SCHILY.xattr.security.capability:=x';
  const tar = [
    '--create',
    '--format=pax',
    attribute,
    `--file=${bad}`,
    `--directory=${directory.path}`,
    'nodejs',
  ];
  await promisify(execFile)('tar', tar);
  await expect(buildImage(options({ base: bad }))).rejects.toThrow(
    'it holds a file that raises the rights of the user who runs it: /nodejs/bin/node',
  );
});

describe('the archives', () => {
  test('hold long names, and are read as they were written', async () => {
    const long = `${'a/'.repeat(120)}ü`;
    const entries: readonly TarEntry[] = [
      file(long),
      { ...{ path: 'link', type: 'symlink', mode: 0o777, uid: 1, gid: 2 }, target: `${long}x` },
      { path: 'directory', type: 'directory', mode: 0o755, uid: 0, gid: 0 },
    ];
    const path = join(directory.path, 'long.tar');
    await archive(path, entries);
    const read = [...readTar(await readFile(path))];
    expect(
      read.map(({ path: name, type, target, mode, uid, gid }) => ({
        path: name,
        type,
        target,
        mode,
        uid,
        gid,
      })),
    ).toEqual(
      entries.map(({ path: name, type, target, mode, uid, gid }) => ({
        path: name,
        type,
        target: target,
        mode,
        uid,
        gid,
      })),
    );
  });

  test('that end too early are refused', async () => {
    const bytes = await readFile(base);
    expect(() => [...readTar(bytes.subarray(0, 515))]).toThrow('ends in the middle of a member');
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
