import { MetadataFault } from '../findings/fault.ts';
import { TIMESTAMP_FILE } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import { type Root, signersOf } from '../metadata/root.ts';
import { parseTimestamp, type Timestamp } from '../metadata/timestamp.ts';
import type { UpdateSession } from './update-session.ts';

/**
 * Spec 5.4. The trusted timestamp counts for rollback checks even when it is expired. @throws MetadataFault
 */
export async function updateTimestamp(session: UpdateSession, root: Root): Promise<Timestamp> {
  const open = async (bytes: Uint8Array): Promise<Timestamp> =>
    parseTimestamp(await session.openSigned(bytes, 'timestamp', signersOf(root, 'timestamp')));
  const trusted = await session.trusted('timestamp', open);
  const bytes = await session.mirror.get(TIMESTAMP_FILE, LIMITS.timestampBytes, 'TimestampMissing');
  const timestamp = await open(bytes);
  // 5.4.3: of two with the same version the new one is discarded; that is normal and no error.
  if (trusted !== undefined && timestamp.envelope.version === trusted.envelope.version) {
    session.requireFresh(trusted.envelope);
    return trusted;
  }
  if (trusted !== undefined) {
    requireNoRollback(timestamp, trusted);
  }
  session.requireFresh(timestamp.envelope);
  await session.store.write('timestamp', bytes);
  return timestamp;
}

/** Spec 5.4.3. */
function requireNoRollback(timestamp: Timestamp, trusted: Timestamp): void {
  if (timestamp.envelope.version < trusted.envelope.version) {
    throw new MetadataFault(
      'TimestampRollback',
      `version ${timestamp.envelope.version} is older than ${trusted.envelope.version}, trusted before`,
    );
  }
  if (timestamp.snapshot.version < trusted.snapshot.version) {
    throw new MetadataFault(
      'SnapshotRollback',
      `it names snapshot ${timestamp.snapshot.version}, older than ${trusted.snapshot.version}, trusted before`,
    );
  }
}
