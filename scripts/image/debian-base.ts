import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Component } from '../build/sbom.ts';
import type { Base } from './base.ts';
import type { BlobStore } from './blob-store.ts';
import { debianFiles } from './debian-files.ts';
import { debianPackages } from './debian-packages.ts';
import { nodeBinary } from './node-binary.ts';
import type { RunConfig } from './oci.ts';
import type { Architecture } from './platform.ts';

/** The suite that the Dockerfile's base is made from, and its version. */
const suite = 'bookworm';
const release = '12';

/**
 * What Node.js needs to run, and what a program expects of a system. Each is listed: dependencies are not
 * followed.
 */
const packageNames = [
  'base-files',
  'ca-certificates',
  'gcc-12-base',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'netbase',
  'tzdata',
] as const;

/** How the stand-in runs, as the distroless Node.js image does. */
const config: RunConfig = {
  User: '65532:65532',
  Env: ['PATH=/nodejs/bin', 'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'],
  Entrypoint: ['/nodejs/bin/node'],
  WorkingDir: '/home/nonroot',
};

/**
 * A stand-in for the distroless Node.js image, made from Debian's packages and the binary that Node.js
 * releases: the same user, paths and libraries, no shell and no package manager.
 *
 * @param options.mirror URL of a Debian mirror
 * @param options.nodeVersion without the `v`
 * @param options.directory an empty one for downloads
 */
export async function debianBase(
  store: BlobStore,
  options: {
    readonly architecture: Architecture;
    readonly mirror: string;
    readonly nodeVersion: string;
    readonly directory: string;
    readonly mtime: number;
  },
): Promise<Base> {
  const { architecture, nodeVersion, mtime } = options;
  const packages = await debianPackages(packageNames, { suite, ...options });
  const node = await nodeBinary(architecture, nodeVersion);
  return {
    layers: [await store.layer(debianFiles(packages, node), mtime)],
    config,
    history: [{ created_by: `Debian ${suite}: ${packageNames.join(', ')}; Node.js ${nodeVersion}` }],
    components: [
      { type: 'operating-system', 'bom-ref': `debian-${release}`, name: 'debian', version: release },
      ...packages.map(({ name, version }) => debianComponent(name, version, architecture)),
      await nodeComponent(node, nodeVersion),
    ],
  };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md */
function debianComponent(name: string, version: string, architecture: Architecture): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-${release}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

async function nodeComponent(path: string, version: string): Promise<Component> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const purl = `pkg:generic/node@${version}`;
  return {
    ...{ type: 'application', 'bom-ref': purl, name: 'node', version, purl },
    hashes: [{ alg: 'SHA-256', content: hash.digest('hex') }],
  };
}
