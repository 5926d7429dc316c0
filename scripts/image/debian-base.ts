import type { DebianPackage } from './debian-packages.ts';
import type { RunConfig } from './oci.ts';
import type { TarEntry } from './tar.ts';

/** The suite that the Dockerfile's base is made from. */
export const suite = 'bookworm';

/** What Node.js needs to run, and what a program expects of a system. Each is listed: dependencies are not followed. */
export const packageNames = [
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
export const debianBaseConfig: RunConfig = {
  User: '65532:65532',
  Env: ['PATH=/nodejs/bin', 'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'],
  Entrypoint: ['/nodejs/bin/node'],
  WorkingDir: '/home/nonroot',
};

const CERTIFICATES = /^usr\/share\/ca-certificates\/mozilla\/.+\.crt$/;
/** Libraries, certificates' home, names of ports and time zones, licences; no programs, no documentation. */
const KEPT = [
  /^(usr\/)?lib(64)?\/(?!.*\/(gconv|audit)\/)[^/]+(\/.+)?$/,
  /^etc\/(debian_version|host\.conf|os-release|protocols|services|rpc)$/,
  /^usr\/share\/(zoneinfo|common-licenses)\/.+$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
];

/**
 * A stand-in for the distroless Node.js image, made from Debian's packages and the binary that Node.js releases: the
 * same user, paths and libraries, no shell and no package manager.
 *
 * @param node path of the binary
 * @returns the files of its one layer, sorted
 */
export function debianBase(packages: readonly DebianPackage[], node: string): readonly TarEntry[] {
  const files = new Map<string, TarEntry>();
  const add = (entry: TarEntry): void => {
    files.set(entry.path, entry);
  };
  const directory = (path: string, mode = 0o755, owner = 0): void =>
    add({ path, type: 'directory', mode, uid: owner, gid: owner });
  const file = (path: string, content: NonNullable<TarEntry['content']>, mode = 0o644): void =>
    add({ path, type: 'file', mode, uid: 0, gid: 0, content });

  for (const entry of packages.flatMap(({ entries }) => entries)) {
    if (entry.type === 'directory' || !KEPT.some((pattern) => pattern.test(entry.path))) {
      continue;
    }
    for (const parent of parents(entry.path)) {
      directory(parent);
    }
    add({ ...entry, uid: 0, gid: 0 });
  }
  for (const path of [
    'dev',
    'etc/ssl',
    'etc/ssl/certs',
    'home',
    'nodejs',
    'nodejs/bin',
    'proc',
    'run',
    'sys',
  ]) {
    directory(path);
  }
  directory('root', 0o700);
  directory('home/nonroot', 0o700, NONROOT);
  directory('tmp', 0o1777);
  file('etc/passwd', Buffer.from(PASSWD));
  file('etc/group', Buffer.from(GROUP));
  file('etc/nsswitch.conf', Buffer.from(NSSWITCH));
  file('etc/ssl/certs/ca-certificates.crt', certificates(packages));
  file('nodejs/bin/node', { file: node }, 0o755);
  // Where scanners look for the packages of an image without a package manager.
  for (const each of ['var', 'var/lib', 'var/lib/dpkg', 'var/lib/dpkg/status.d']) {
    directory(each);
  }
  for (const { name, control } of packages) {
    file(`var/lib/dpkg/status.d/${name}`, Buffer.from(control));
  }
  return [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

const NONROOT = 65_532;
const PASSWD = `root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/sbin/nologin
`;
const GROUP = `root:x:0:\nnobody:x:65534:\nnonroot:x:${NONROOT}:\n`;
const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files dns\n';

/** `a/b/c` → a, a/b. */
function parents(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** What update-ca-certificates, a shell script, would write. */
function certificates(packages: readonly DebianPackage[]): Uint8Array {
  const texts = packages
    .flatMap(({ entries }) => entries)
    .filter(({ path }) => CERTIFICATES.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ content }) => (content instanceof Uint8Array ? Buffer.from(content).toString().trim() : ''));
  if (texts.length === 0) {
    throw new Error('The package ca-certificates holds no certificates.');
  }
  return Buffer.from(`${texts.join('\n')}\n`);
}
