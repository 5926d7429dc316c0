import { MetadataFault } from '../findings/fault.ts';
import { checkBytes, checkVersion, SNAPSHOT_LINK } from '../metadata/link.ts';
import { type Root, signersOf } from '../metadata/root.ts';
import { parseSnapshot, type Snapshot } from '../metadata/snapshot.ts';
import type { Timestamp } from '../metadata/timestamp.ts';
import type { UpdateSession } from './update-session.ts';

/**
 * Spec 5.5. The trusted snapshot stays when it is, byte for byte, the one that the timestamp names; else it
 * counts for rollback checks, even when it is expired.
 *
 * @throws MetadataFault
 */
export async function updateSnapshot(
  session: UpdateSession,
  root: Root,
  { snapshot: link }: Timestamp,
): Promise<Snapshot> {
  const openSigned = async (bytes: Uint8Array): Promise<Snapshot> =>
    parseSnapshot(await session.openSigned(bytes, 'snapshot', signersOf(root, 'snapshot')));
  // 5.5.2–5.5.4
  const openNamed = async (bytes: Uint8Array): Promise<Snapshot> => {
    checkBytes(bytes, link, SNAPSHOT_LINK);
    const snapshot = await openSigned(bytes);
    checkVersion(snapshot.envelope.version, link, SNAPSHOT_LINK);
    return snapshot;
  };
  const current = await session.trusted('snapshot', openNamed);
  if (current !== undefined && session.isFresh(current.envelope)) {
    return current;
  }
  const bytes = await session.mirror.getLinked('snapshot', link, root, 'SnapshotMissing');
  const snapshot = await openNamed(bytes);
  const trusted = await session.trusted('snapshot', openSigned);
  if (trusted !== undefined) {
    requireNoRollback(snapshot, trusted);
  }
  session.requireFresh(snapshot.envelope);
  await session.store.write('snapshot', bytes);
  return snapshot;
}

/** Spec 5.5.5. */
function requireNoRollback(snapshot: Snapshot, trusted: Snapshot): void {
  for (const [role, old] of trusted.roles) {
    const link = snapshot.roles.get(role);
    if (link === undefined) {
      throw new MetadataFault('RoleRemovedFromSnapshot', `it no longer lists ${role}.json`);
    }
    if (link.version < old.version) {
      throw new MetadataFault(
        'RoleVersionLowered',
        `it lists version ${link.version} of ${role}.json, older than ${old.version}, trusted before`,
      );
    }
  }
}
