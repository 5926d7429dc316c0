import { Listing } from '../../storage/listing.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import { TIMESTAMP_FILE } from '../metadata/file-names.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { Version } from '../metadata/version.ts';
import { verifyOffThread } from '../offload/off-thread.ts';
import { workerURL } from '../offload/worker-url.ts';
import type { RecoveryVerifyPolicy, Verification, VerifyOptions } from './verification.ts';
import { type FileSource, readMetadataFile } from './verification-context.ts';
import { verifyListed } from './verify-listed.ts';

/** Beyond so many objects, or with a file beyond so many bytes, a worker thread keeps the event loop free. */
const INLINE = { objects: 1000, bytes: 256 * 1024 } as const;

/**
 * Verifies a TUF repository at rest, from a trust anchor down to every delegated role, at one fixed time
 * (TUF specification 1.0.34, section 5; the checks and their weights stand in findings.ts).
 *
 * Reads: one listing in parallel with timestamp.json, every listed root, and every file that the chain links,
 * each exactly once; beyond that only the snapshot that the marks name and the highest version above the head
 * of at most 16 roles. Every byte is checked before it is believed, and the report is the same for the same
 * bucket.
 *
 * Never throws for what is wrong with the repository: that is the verdict and its findings. Throws what the
 * source throws when it can't be read (`AccessDenied`, `Throttled`, …), and the signal's reason when aborted.
 */
export function verify(
  source: MetadataSource,
  options: VerifyOptions & { readonly policy: RecoveryVerifyPolicy },
): Promise<Verification>;
export function verify(source: MetadataSource, options: VerifyOptions): Promise<Verification<Version>>;
export async function verify(source: MetadataSource, given: VerifyOptions): Promise<Verification<Version>> {
  const options = source.concurrency === undefined ? given : { concurrency: source.concurrency, ...given };
  options.signal?.throwIfAborted();
  let timestampAt: Date | undefined;
  const [listing, timestamp] = await Promise.all([
    Listing.from(source.list(options.signal)),
    readTimestamp(source, options.signal, (at) => {
      timestampAt = at;
    }),
  ]);
  if (timestampAt !== undefined) {
    listing.noteLastModified(TIMESTAMP_FILE, timestampAt);
  }
  const dated = datedBy(source, listing);
  const url = isLarge(listing) ? workerURL(import.meta.url) : undefined;
  return url === undefined
    ? verifyListed(dated, listing, timestamp, options)
    : verifyOffThread(url, dated, listing, timestamp, options);
}

/**
 * The source, which corrects the listing where an object was replaced since: a lifetime is inferred from when
 * the bytes that were verified were written, not from when others were.
 */
function datedBy(source: Pick<MetadataSource, 'get'>, listing: Listing): FileSource {
  return {
    get: (name, options) =>
      source.get(name, { ...options, onLastModified: (at) => listing.noteLastModified(name, at) }),
  };
}

function isLarge(listing: Listing): boolean {
  return listing.size > INLINE.objects || listing.largest > INLINE.bytes;
}

/** timestamp.json has a fixed name, so that it is read while the listing is under way. */
async function readTimestamp(
  source: MetadataSource,
  signal: AbortSignal | undefined,
  onLastModified: (at: Date) => void,
): Promise<Uint8Array | MetadataFault> {
  const dated: FileSource = { get: (name, options) => source.get(name, { ...options, onLastModified }) };
  try {
    return await readMetadataFile(dated, TIMESTAMP_FILE, LIMITS.timestampBytes, 'TimestampMissing', signal);
  } catch (error) {
    // Kept until its turn: a broken root weighs more than an absent timestamp.
    if (error instanceof MetadataFault) {
      return error;
    }
    throw error;
  }
}
