import { TerminalError } from '../../errors.ts';
import type {
  HighWaterMarks,
  RecoveryVerifyPolicy,
  TrustAnchor,
  VerifyPolicy,
} from '../../tuf/verify/verification.ts';
import { readMarks } from './marks.ts';
import { readRootFile } from './root-file.ts';
import type { TrustFlags } from './trust-options.ts';

/** What is trusted, and the answers to *deny* findings. */
export interface TrustSettings<Policy extends VerifyPolicy = VerifyPolicy> {
  readonly anchor: TrustAnchor;
  readonly policy: Policy;
  readonly marks?: HighWaterMarks;
}

/**
 * Reads the files that the flags name.
 *
 * @param defaults what counts where no flag was given
 * @throws {TerminalError} `InvalidInput`
 */
export async function readTrustSettings(
  flags: TrustFlags,
  defaults: Pick<VerifyPolicy, 'maxExpiredAgeSeconds'> = {},
): Promise<TrustSettings> {
  const marks = flags.trustedDir === undefined ? undefined : await readMarks(flags.trustedDir);
  return {
    anchor: await readAnchor(flags),
    policy: {
      ...defaults,
      mode: flags.policy,
      ...(flags.acceptRollbackTo === undefined ? {} : { acceptRollbackTo: flags.acceptRollbackTo }),
      ...(flags.onInvalidDelegation === undefined ? {} : { onInvalidDelegation: flags.onInvalidDelegation }),
      ...(flags.maxExpiredAge === undefined ? {} : { maxExpiredAgeSeconds: flags.maxExpiredAge }),
      ...(flags.minimumVersion === undefined
        ? {}
        : { minimumVersions: Object.fromEntries(flags.minimumVersion) }),
    },
    ...(marks === undefined ? {} : { marks }),
  };
}

/**
 * The same for what reads a bucket to recover from it: `--policy strict` refuses what is expired, and
 * otherwise refuses all that a recovery does. A client's reading would let pass what the server reads
 * differently.
 *
 * @throws {TerminalError} `InvalidInput`
 */
export async function readRecoveryTrust(flags: TrustFlags): Promise<TrustSettings<RecoveryVerifyPolicy>> {
  const { policy, ...settings } = await readTrustSettings(flags);
  return { ...settings, policy: { ...policy, mode: 'recovery', refuseExpired: policy.mode === 'strict' } };
}

async function readAnchor(flags: TrustFlags): Promise<TrustAnchor> {
  if (flags.rootSha256 !== undefined) {
    return { kind: 'sha256', sha256: flags.rootSha256 };
  }
  if (flags.root !== undefined) {
    return { kind: 'root', bytes: await readRootFile(flags.root) };
  }
  if (flags.trustOnFirstUse) {
    return { kind: 'first-use' };
  }
  throw new TerminalError(
    'InvalidInput',
    'No trusted root was given. Use --root-sha256 or --root with the root that your clients ship, ' +
      'or --trust-on-first-use to trust the root in the storage unchecked.',
  );
}
