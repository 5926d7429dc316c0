import { TerminalError } from '../../errors.ts';
import { MetadataFault } from '../findings/fault.ts';
import { LIMITS } from '../metadata/limits.ts';
import { parseRoot, type Root, signersOf } from '../metadata/root.ts';
import { nextVersion } from '../metadata/version.ts';
import { wereRotated } from '../roots/key-rotation.ts';
import { ClientRefusal } from './refusal.ts';
import type { UpdateSession } from './update-session.ts';

/** Spec 5.2 and 5.3: from the trusted root to the newest one that the mirror has. @throws MetadataFault */
export async function updateRoot(session: UpdateSession): Promise<Root> {
  let root = await loadTrustedRoot(session);
  for (let count = 0; count < LIMITS.roots; count++) {
    const next = await nextRoot(session, root);
    if (next === undefined) {
      break;
    }
    root = next;
  }
  // 5.3.10: of all these roots, only the last one's expiry counts.
  session.requireFresh(root.envelope);
  return root;
}

/** Spec 5.2. The root came from outside the repository; that it signed itself is checked to notice damage. */
async function loadTrustedRoot(session: UpdateSession): Promise<Root> {
  const bytes = await session.store.read('root');
  if (bytes === undefined) {
    throw new TerminalError('NotFound', `No trusted root is stored yet. ${INITIALISE}`);
  }
  try {
    const root = parseRoot(session.open(bytes, 'root'));
    await session.requireSigned(root.envelope, signersOf(root, 'root'));
    return root;
  } catch (error) {
    if (!(error instanceof MetadataFault)) {
      throw error;
    }
    const fault = new MetadataFault('PinnedRootInvalid', `the stored one: ${error.message}`, {
      cause: error,
    });
    throw new ClientRefusal('root', fault, INITIALISE);
  }
}

const INITIALISE = 'Initialise the client with the root that the owner of the repository distributes.';

/** Spec 5.3.3–5.3.8; undefined when the trusted root is the newest. */
async function nextRoot(session: UpdateSession, root: Root): Promise<Root | undefined> {
  const version = nextVersion(root.envelope.version);
  const bytes = await session.mirror.findRoot(version);
  if (bytes === undefined) {
    return undefined;
  }
  const next = parseRoot(session.open(bytes, 'root'));
  await session.requireSigned(next.envelope, signersOf(root, 'root'), 'RootNotSigned');
  await session.requireSigned(next.envelope, signersOf(next, 'root'), 'RootNotSigned');
  if (next.envelope.version !== version) {
    throw new MetadataFault('RootVersionMismatch', `root ${version} says version ${next.envelope.version}`);
  }
  await recoverFromFastForward(session, root, next);
  await session.store.write('root', bytes);
  return next;
}

/**
 * Spec 5.3.11, at each step instead of after the last one, and before the step is stored: an update that ends
 * in between (a later root is expired, the process is killed) would find the new root trusted next time,
 * notice no rotation, and keep metadata of the old keys whose versions no honest repository reaches.
 */
async function recoverFromFastForward({ ring, store }: UpdateSession, root: Root, next: Root): Promise<void> {
  if (!wereRotated(ring, root, next, 'timestamp') && !wereRotated(ring, root, next, 'snapshot')) {
    return;
  }
  await store.remove('timestamp');
  await store.remove('snapshot');
}
