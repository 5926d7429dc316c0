import type { ListedObject, MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import { catalogue } from '../metadata/file-names.ts';
import { chainOf } from './chain.ts';
import type { Trusted, Verification, VerifyOptions } from './verification.ts';
import { Run } from './verification-run.ts';

/**
 * Verifies a repository whose listing and timestamp.json were read, on the thread it is called on. The outcome of
 * `verify` is this function's, wherever it runs.
 *
 * @param timestamp the bytes of timestamp.json, or why there are none
 */
export async function verifyListed(
  source: Pick<MetadataSource, 'get'>,
  listing: readonly ListedObject[],
  timestamp: Uint8Array | MetadataFault,
  options: VerifyOptions,
): Promise<Verification> {
  const run = new Run(source, catalogue(listing), options);
  let trusted: Trusted | undefined;
  try {
    trusted = await chainOf(run, timestamp);
  } catch (error) {
    if (!(error instanceof MetadataFault)) {
      throw error;
    }
    run.report.add(error.code, { ...run.stage, detail: error.message });
  }
  const refused = trusted === undefined || run.report.refuses;
  return {
    verdict: refused ? 'refused' : 'trusted',
    trusted: refused ? undefined : trusted,
    findings: run.report.sorted(),
    listing,
  };
}
