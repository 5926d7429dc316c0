import { hash } from 'node:crypto';
import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { printable, quoted } from '../findings/text.ts';
import { asInteger, asObject, asShortString, asVersion, invalidMetadata, ownMember } from '../json/guards.ts';
import { LIMITS } from './limits.ts';
import type { Version } from './version.ts';

/** What a parent says about a file: METAFILES of spec 4.4, also used by the timestamp (4.6). */
export interface FileLink {
  readonly version: Version;
  /** Exact length in bytes, when given. */
  readonly length: number | undefined;
  /** Algorithm → hex digest; empty when none is given. */
  readonly hashes: ReadonlyMap<string, string>;
}

/** The findings of a broken link; which clause is violated depends on the parent. */
export interface LinkFaults {
  readonly length: FindingCode;
  readonly hash: FindingCode;
  readonly version: FindingCode;
}

/** Timestamp → snapshot (spec 5.5.2, 5.5.4). */
export const SNAPSHOT_LINK: LinkFaults = {
  length: 'SnapshotLengthMismatch',
  hash: 'SnapshotHashMismatch',
  version: 'SnapshotVersionMismatch',
};

/** Snapshot → targets and delegated roles (spec 5.6.2, 5.6.4). */
export const ROLE_LINK: LinkFaults = {
  length: 'RoleLengthMismatch',
  hash: 'RoleHashMismatch',
  version: 'RoleVersionMismatch',
};

const ALGORITHMS: ReadonlySet<string> = new Set(['sha224', 'sha256', 'sha384', 'sha512']);

/** @throws MetadataFault `InvalidMetadata` */
export function parseLink(value: unknown, path: string): FileLink {
  const meta = asObject(value, path);
  const length = ownMember(meta, 'length');
  const hashes = ownMember(meta, 'hashes');
  return {
    version: asVersion(ownMember(meta, 'version'), `${path}.version`),
    length: length === undefined ? undefined : asInteger(length, 0, `${path}.length`),
    hashes: hashes === undefined ? new Map() : parseHashes(hashes, `${path}.hashes`),
  };
}

function parseHashes(value: unknown, path: string): ReadonlyMap<string, string> {
  const entries = Object.entries(asObject(value, path));
  if (entries.length === 0) {
    invalidMetadata(path, 'absent or a digest');
  }
  if (entries.length > LIMITS.digests) {
    throw new MetadataFault('LimitExceeded', `${path} holds more than ${LIMITS.digests} digests`);
  }
  return new Map(
    entries.map(([name, digest]) => [
      asShortString(name, LIMITS.digestCharacters, path),
      asShortString(digest, LIMITS.digestCharacters, `${path}.${printable(name)}`),
    ]),
  );
}

/**
 * Checks a file's bytes against its link before anything in it is read: length, then every digest. A digest
 * of an unknown algorithm can't be checked and refuses, as in the reference clients; digests are compared as
 * the lower-case text they are.
 *
 * @returns the file's sha256, when the link names one
 * @throws MetadataFault the link's length or hash fault
 */
export function checkBytes(
  bytes: Uint8Array,
  link: Omit<FileLink, 'version'>,
  faults: LinkFaults,
): string | undefined {
  if (link.length !== undefined && bytes.length !== link.length) {
    throw new MetadataFault(faults.length, `the file has ${bytes.length} bytes, ${link.length} are named`);
  }
  for (const [algorithm, expected] of link.hashes) {
    if (!ALGORITHMS.has(algorithm)) {
      throw new MetadataFault(faults.hash, `the digest ${quoted(algorithm)} is of an unknown algorithm`);
    }
    const found = hash(algorithm, bytes, 'hex');
    if (found !== expected) {
      throw new MetadataFault(faults.hash, `${algorithm} is ${found}, ${printable(expected, 128)} is named`);
    }
  }
  return link.hashes.get('sha256');
}

/** @throws MetadataFault the link's version fault */
export function checkVersion(version: Version, link: FileLink, faults: LinkFaults): void {
  if (version !== link.version) {
    throw new MetadataFault(faults.version, `the file says version ${version}, ${link.version} is named`);
  }
}
