import { RecoveryError } from '../../errors.ts';
import { parseLocation } from '../../storage/location.ts';
import { openLocation } from '../../storage/open.ts';
import type { Version } from '../../tuf/metadata/version.ts';
import type { Verification } from '../../tuf/verify/verification.ts';
import { verify } from '../../tuf/verify/verify.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { readS3Access, storageLimits } from '../options/storage-options.ts';
import { readTrustSettings } from '../options/trust.ts';
import type { VerifyFlags } from '../options/verify-flags.ts';
import { findingsText } from '../output/findings-text.ts';
import { headsText } from '../output/heads-text.ts';
import { writeResult } from '../output/output.ts';
import { createProgressDisplay } from '../output/progress.ts';
import { type OutputStyle, paintFor } from '../output/style.ts';
import { terminalText } from '../output/terminal-text.ts';
import { unreadableJSON, verificationJSON } from '../output/verification-json.ts';

/**
 * Verifies and shows the result.
 *
 * @throws {TerminalError} `InvalidInput` for a wrong flag; nothing has been read from the source then
 */
export async function runVerify(
  text: string,
  flags: VerifyFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const location = parseLocation(text);
  // Nothing is done with the metadata here, so its age is for the reader to judge; a recovery refuses what is
  // too old.
  const trust = await readTrustSettings(flags, { maxExpiredAgeSeconds: Number.POSITIVE_INFINITY });
  const now = flags.referenceTime ?? new Date();
  const s3 = location.kind === 's3' ? await readS3Access(flags, context.env) : undefined;
  const { source, close } = await openLocation(location, { s3, limits: storageLimits(flags) });
  const progress = createProgressDisplay(context);
  progress.wait(`Reading ${source.location}`);
  try {
    const verification = await verify(source, {
      ...trust,
      now,
      signal: context.signal,
      onProgress: (completed, total) => progress.show('Verifying', completed, total),
    });
    progress.end();
    const paint = paintFor(context);
    await writeResult(context, flags.output, verificationJSON(verification), () =>
      verificationText(verification, source.location, now, paint),
    );
    return verification.verdict === 'trusted' ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    progress.end();
    if (!(error instanceof RecoveryError) || flags.output === 'human') {
      throw error;
    }
    await writeResult(context, flags.output, unreadableJSON(error), () => '');
    return exitCodes.failed;
  } finally {
    close();
  }
}

function verificationText(
  verification: Verification<Version>,
  location: string,
  now: Date,
  paint: OutputStyle,
): string {
  const { trusted, findings } = verification;
  const verdict = trusted === undefined ? paint('bad', '✗ Refused') : paint('good', '✓ Trusted');
  const time = now.toISOString().replace('.000Z', 'Z');
  const heading = `${verdict}  ${terminalText(location)}  ${paint('quiet', `as of ${time}`)}\n`;
  const heads = trusted === undefined ? '' : `\n${headsText(trusted, now, paint)}`;
  const remarks = findingsText(findings, paint);
  return `${heading}${heads}${remarks === '' ? '' : `\n${remarks}`}`;
}
