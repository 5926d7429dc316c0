import type { DebianPackage } from './debian-packages.ts';
import type { TarEntry } from './tar.ts';

const CERTIFICATES = /^usr\/share\/ca-certificates\/mozilla\/.+\.crt$/;
/** Libraries, certificates' home, names of ports and time zones, licences; no programs, no documentation. */
const KEPT = [
  /^(usr\/)?lib(64)?\/(?!.*\/(gconv|audit)\/)[^/]+(\/.+)?$/,
  /^etc\/(debian_version|host\.conf|os-release|protocols|services|rpc)$/,
  /^usr\/share\/(zoneinfo|common-licenses)\/.+$/,
  /^usr\/share\/doc\/[^/]+(\/copyright)?$/,
];

/**
 * The files of the stand-in for the distroless Node.js image: the packages' libraries and licences, a user,
 * certificate authorities, and Node.js.
 *
 * @param node path of the binary
 * @returns sorted
 */
export function debianFiles(packages: readonly DebianPackage[], node: string): readonly TarEntry[] {
  const files = new Map<string, TarEntry>();
  const add = (entry: TarEntry): void => {
    files.set(entry.path, entry);
  };
  const directory = (path: string, mode = 0o755, owner = 0): void =>
    add({ path, type: 'directory', mode, uid: owner, gid: owner });
  const addParents = (path: string): void => {
    for (const parent of parents(path)) {
      if (!files.has(parent)) {
        directory(parent);
      }
    }
  };
  const file = (path: string, content: NonNullable<TarEntry['content']>, mode = 0o644): void => {
    addParents(path);
    add({ path, type: 'file', mode, uid: 0, gid: 0, content });
  };

  for (const entry of packages.flatMap(({ entries }) => entries)) {
    if (entry.type === 'directory' || !KEPT.some((pattern) => pattern.test(entry.path))) {
      continue;
    }
    addParents(entry.path);
    add({ ...entry, uid: 0, gid: 0 });
  }
  for (const path of ['dev', 'home', 'proc', 'run', 'sys']) {
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
