import { MetadataFault } from '../findings/fault.ts';
import type { FindingCode } from '../findings/findings.ts';
import { requireThreshold } from '../keys/threshold.ts';
import { type OpenedFile, withoutSignedBytes } from '../metadata/envelope.ts';
import { fileName } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import {
  checkBytes,
  checkVersion,
  type FileLink,
  type LinkFaults,
  ROLE_LINK,
  SNAPSHOT_LINK,
} from '../metadata/link.ts';
import type { MetadataType } from '../metadata/metadata-type.ts';
import { type Root, signersOf, type TopLevelRole } from '../metadata/root.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import { checkExpiry } from './expiry.ts';
import type { BytesWithDigest, VerificationContext } from './verification-context.ts';

/** Spec 5.4.2: signed by the timestamp keys of the newest root. @throws MetadataFault */
export async function openTimestamp(
  run: VerificationContext,
  root: Root,
  bytes: Uint8Array,
): Promise<Timestamp> {
  return parseTimestamp(await openSigned(run, root, 'timestamp', { bytes }));
}

/** Spec 5.5.1–5.5.4: the snapshot that the timestamp names. @throws MetadataFault */
export async function readSnapshot(run: VerificationContext, root: Root, link: FileLink): Promise<Snapshot> {
  const read = await readLinkedBytes(run, 'snapshot', link, SNAPSHOT_LINK, 'SnapshotMissing');
  const snapshot = parseSnapshot(await openSigned(run, root, 'snapshot', read, link, SNAPSHOT_LINK));
  run.discard(read);
  return snapshot;
}

/** Spec 5.6.1–5.6.4 for the top-level targets. @throws MetadataFault */
export async function readTargets(
  run: VerificationContext,
  root: Root,
  snapshot: Snapshot,
): Promise<Targets> {
  const link = snapshot.roles.get('targets');
  if (link === undefined) {
    throw new MetadataFault('RoleNotInSnapshot', 'the snapshot does not list targets.json');
  }
  const read = await readLinkedBytes(run, 'targets', link, ROLE_LINK, 'RoleMissing');
  const targets = parseTargets(await openSigned(run, root, 'targets', read, link, ROLE_LINK));
  run.discard(read);
  checkExpiry(run, 'targets', targets.envelope);
  return targets;
}

/**
 * Reads the file a link names and checks length and digests before anything in it is parsed.
 *
 * @throws MetadataFault `absent`, `FileTooLarge`, or the link's length or hash fault
 */
export async function readLinkedBytes(
  run: VerificationContext,
  role: string,
  link: FileLink,
  faults: LinkFaults,
  absent: FindingCode,
): Promise<BytesWithDigest> {
  if (link.length !== undefined && link.length > LIMITS.fileBytes) {
    throw new MetadataFault(
      'FileTooLarge',
      `${link.length} bytes are named, at most ${LIMITS.fileBytes} are read`,
    );
  }
  const bytes = await run.get(nameIn(run, role, link), LIMITS.fileBytes, absent);
  return { bytes, sha256: checkBytes(bytes, link, faults) };
}

/**
 * The name under which a file is read: with its version. Without it only where the root says that snapshots
 * are not consistent, as clients then ask for it (spec 6.2.1), and the bucket has no other.
 *
 * @throws MetadataFault `UnversionedRepository` where such a repository is to be recovered from
 */
function nameIn(context: VerificationContext, role: string, link: FileLink): string {
  const versioned = fileName(role, link.version);
  const plain = `${role}.json`;
  const { objects } = context.catalogue;
  if (context.consistentSnapshot || objects.has(versioned) || !objects.has(plain)) {
    return versioned;
  }
  if (context.strict) {
    return plain;
  }
  throw new MetadataFault('UnversionedRepository', `${plain} is there, and ${versioned} is not`);
}

async function openSigned(
  run: VerificationContext,
  root: Root,
  role: TopLevelRole & MetadataType,
  read: BytesWithDigest,
  link?: FileLink,
  faults?: LinkFaults,
): Promise<OpenedFile> {
  const file = run.open(read, role, role);
  const { envelope } = file;
  if (link !== undefined && faults !== undefined) {
    checkVersion(envelope.version, link, faults);
  }
  await requireThreshold(envelope, signersOf(root, role), run.ring);
  await run.reviewSigners(role, envelope, signersOf(root, role));
  return { ...file, envelope: withoutSignedBytes(envelope) };
}
