import type { ListedObject, MetadataSource } from '../storage/source.ts';
import { chainOf } from './chain.ts';
import { MetadataFault } from './fault.ts';
import { catalogue, TIMESTAMP_FILE } from './file-names.ts';
import { LIMITS } from './limits.ts';
import { Run, readFile } from './run.ts';
import type { Trusted, Verification, VerifyOptions } from './verification.ts';

/**
 * Verifies a TUF repository at rest, from a trust anchor down to every delegated role, at one fixed time
 * (TUF specification 1.0.34, section 5; the checks and their weights stand in findings.ts).
 *
 * Reads: one listing in parallel with timestamp.json, every listed root, and every file that the chain links,
 * each exactly once; beyond that only the snapshot that the marks name and the highest version above the head of
 * at most 16 roles. Every byte is checked before it is believed, and the report is the same for the same bucket.
 *
 * Never throws for what is wrong with the repository: that is the verdict and its findings. Throws what the
 * source throws when it can't be read (`AccessDenied`, `Throttled`, …), and the signal's reason when aborted.
 */
export async function verify(source: MetadataSource, options: VerifyOptions): Promise<Verification> {
  const [listing, timestamp] = await Promise.all([
    source.list(options.signal),
    readTimestamp(source, options.signal),
  ]);
  return verifyListed(source, listing, timestamp, options);
}

/** timestamp.json has a fixed name, so that it is read while the listing is under way. */
async function readTimestamp(
  source: MetadataSource,
  signal?: AbortSignal,
): Promise<Uint8Array | MetadataFault> {
  try {
    return await readFile(source, TIMESTAMP_FILE, LIMITS.timestampBytes, 'TimestampMissing', signal);
  } catch (error) {
    // Kept until its turn: a broken root weighs more than an absent timestamp.
    if (error instanceof MetadataFault) return error;
    throw error;
  }
}

async function verifyListed(
  source: MetadataSource,
  listing: readonly ListedObject[],
  timestamp: Uint8Array | MetadataFault,
  options: VerifyOptions,
): Promise<Verification> {
  const run = new Run(source, catalogue(listing), options);
  let trusted: Trusted | undefined;
  try {
    trusted = await chainOf(run, timestamp);
  } catch (error) {
    if (!(error instanceof MetadataFault)) throw error;
    run.report.add(error.code, { role: run.stage.role, version: run.stage.version, detail: error.message });
  }
  const refused = trusted === undefined || run.report.refuses;
  return {
    verdict: refused ? 'refused' : 'trusted',
    trusted: refused ? undefined : trusted,
    findings: run.report.sorted(),
    listing,
  };
}
