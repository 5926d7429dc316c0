import type { Listing } from '../../storage/listing.ts';
import type { MetadataFault } from '../findings/fault.ts';
import { catalogue } from '../metadata/catalogue.ts';
import type { Version } from '../metadata/version.ts';
import { verifyChain } from './chain.ts';
import type { Trusted, Verification, VerifyOptions } from './verification.ts';
import { type FileSource, VerificationContext } from './verification-context.ts';

/**
 * Verifies a repository whose listing and timestamp.json were read, on the thread it is called on. The
 * outcome of `verify` is this function's, wherever it runs.
 *
 * @param timestamp the bytes of timestamp.json, or why there are none
 */
export async function verifyListed(
  source: FileSource,
  listing: Listing,
  timestamp: Uint8Array | MetadataFault,
  options: VerifyOptions,
): Promise<Verification<Version>> {
  const run = new VerificationContext(source, catalogue(listing), options);
  let trusted: Trusted<Version> | undefined;
  try {
    trusted = await verifyChain(run, timestamp);
  } catch (error) {
    const { code, message } = run.faultOf(error);
    run.findings.add(code, { ...run.roleAtWork, detail: message });
  }
  const refused = trusted === undefined || run.findings.refuses;
  return {
    verdict: refused ? 'refused' : 'trusted',
    trusted: refused ? undefined : trusted,
    findings: run.findings.sorted(),
    listing,
  };
}
