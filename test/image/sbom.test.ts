import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BillOfMaterials } from '../../scripts/build/sbom.ts';
import { debianFiles } from '../../scripts/image/debian-files.ts';
import type { DebianPackage } from '../../scripts/image/debian-packages.ts';
import { buildProgramFiles, readDockerfile } from '../../scripts/image/program-files.ts';
import type { TarEntry } from '../../scripts/image/tar.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

let work: TemporaryDirectory;
let app: string;
let bill: BillOfMaterials;

beforeAll(async () => {
  work = await temporaryDirectory('sbom');
  const files = join(work.path, 'files');
  await buildProgramFiles(await readDockerfile(process.cwd()), process.cwd(), work.path, files);
  app = join(files, 'app');
  bill = JSON.parse(await readFile(join(app, 'sbom.cdx.json'), 'utf8'));
});

afterAll(() => work[Symbol.asyncDispose]());

describe('the bill of materials of the bundle', () => {
  test('lists every package of which there is code in the bundle, in the version that is installed', async () => {
    const directories = new Set<string>();
    for (const name of (await readdir(app)).filter((each) => each.endsWith('.js'))) {
      // The bundler names each module that starts when it is first needed by where it came from.
      const origins = /"((?:[^"\s]*\/)?node_modules\/(?:@[^/"\s]+\/)?[^/"\s]+)\/[^"\s]*"\(/g;
      for (const [, directory = ''] of (await readFile(join(app, name), 'utf8')).matchAll(origins)) {
        directories.add(directory);
      }
    }
    expect(directories.size).toBeGreaterThan(100);
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    for (const directory of directories) {
      const { name, version } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
      expect(listed, directory).toContain(`${name}@${version}`);
    }
  });

  test('gives each its licence, its address in the registry and the hash of its archive', () => {
    for (const { name, purl, licenses, hashes } of bill.components) {
      expect(purl, name).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+[\w.+-]*$/);
      expect(licenses, name).toHaveLength(1);
      expect(hashes, name).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
    }
  });

  test('says which component needs which, and leaves none out', () => {
    const refs = bill.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    const program = bill.metadata.component['bom-ref'];
    const needs = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set([program]);
    for (const ref of reached) {
      for (const next of needs.get(ref) ?? []) {
        reached.add(next);
      }
    }
    expect([...reached].sort()).toEqual([program, ...refs].sort());
  });
});

describe('the stand-in for the base image', () => {
  const entry = (path: string, content = '', mode = 0o644): TarEntry => ({
    ...{ path, type: 'file', mode, uid: 1, gid: 2, content: Buffer.from(content) },
  });
  const packages: readonly DebianPackage[] = [
    {
      name: 'libc6',
      version: '2.36',
      control: 'Package: libc6\nVersion: 2.36\n',
      entries: [
        entry('lib/x86_64-linux-gnu/libc.so.6', '', 0o755),
        entry('usr/lib/x86_64-linux-gnu/gconv/UTF-16.so'),
        entry('usr/bin/ldd', '#!/bin/bash', 0o755),
        entry('sbin/ldconfig', '', 0o755),
        entry('usr/share/doc/libc6/copyright', 'free'),
        entry('usr/share/doc/libc6/changelog.gz'),
        entry('var/lib/dpkg/info/x'),
      ],
    },
    {
      name: 'ca-certificates',
      version: '1',
      control: 'Package: ca-certificates\n',
      entries: [
        entry('usr/share/ca-certificates/mozilla/B.crt', 'B\n'),
        entry('usr/share/ca-certificates/mozilla/A.crt', 'A\n'),
        entry('usr/sbin/update-ca-certificates', '#!/bin/sh', 0o755),
      ],
    },
  ];
  const files = new Map(debianFiles(packages, '/node').map((each) => [each.path, each]));

  test('holds libraries, licences, certificate authorities and Node.js, and no program beside it', () => {
    const kept = [...files.values()].filter(({ type }) => type === 'file').map(({ path }) => path);
    expect(kept).toEqual([
      'etc/group',
      'etc/nsswitch.conf',
      'etc/passwd',
      'etc/ssl/certs/ca-certificates.crt',
      'lib/x86_64-linux-gnu/libc.so.6',
      'nodejs/bin/node',
      'usr/share/doc/libc6/copyright',
      'var/lib/dpkg/status.d/ca-certificates',
      'var/lib/dpkg/status.d/libc6',
    ]);
    expect(String(files.get('etc/ssl/certs/ca-certificates.crt')?.content)).toBe('A\nB\n');
  });

  test('belongs to root, but for the home of its user', () => {
    for (const { path, uid, gid } of files.values()) {
      expect([uid, gid], path).toEqual(path === 'home/nonroot' ? [65_532, 65_532] : [0, 0]);
    }
  });

  test('names every directory before what lies in it', () => {
    const order = [...files.keys()];
    for (const path of order.filter((each) => each.includes('/'))) {
      const parent = path.slice(0, path.lastIndexOf('/'));
      expect(order.indexOf(parent), path).toBeLessThan(order.indexOf(path));
      expect(order).toContain(parent);
    }
  });
});
