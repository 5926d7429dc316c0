import { RecoveryError, TerminalError, TransientError } from '../../errors.ts';
import { readS3Failure } from './s3-failure.ts';

/** Where ambient credentials were meant to come from. */
export type Provider =
  /** Half of the static keys of the environment. */
  | { readonly kind: 'keys' }
  | { readonly kind: 'profile'; readonly profile: string }
  /** The profile `default` of the shared files. */
  | { readonly kind: 'defaultProfile' }
  | { readonly kind: 'webIdentity'; readonly role: string | undefined }
  | { readonly kind: 'container' }
  | { readonly kind: 'none' };

const THROTTLES = /^(Throttl\w*|RequestLimitExceeded|TooManyRequests\w*|SlowDown)$/;
const FILE_ERRORS = /^(ENOENT|EACCES|EISDIR|EPERM|ENOTDIR)$/;
/** What STS, a plug-in or a parser says is repeated up to here. */
const MAX_TEXT = 300;

/**
 * Says why there are no credentials: which provider was asked, what it said, and what to do. S3 itself was
 * never asked. Transient is what may pass without a change: throttling, an outage of STS, a network failure.
 */
export function explainCredentialsError(error: unknown, provider: Provider): RecoveryError {
  // What was refused before anything was sent, such as a proxy that can't be used.
  if (error instanceof RecoveryError) {
    return error;
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  const { code, status, networkCode } = readS3Failure(cause);
  const source = describe(provider);
  if (THROTTLES.test(code) || status === 429) {
    return new TransientError(
      'Throttled',
      `STS throttles requests for ${source} (${code}). Try again later.`,
      { cause },
    );
  }
  if (networkCode !== undefined && FILE_ERRORS.test(networkCode)) {
    const advice = 'Check that the file is mounted and readable for this user.';
    return denied(source, `${first(cause.message)}. ${advice}`, cause);
  }
  if (networkCode === 'ERR_INVALID_URL') {
    return denied(source, `its address is no URL. ${ADVICE[provider.kind]}`, cause);
  }
  if (networkCode !== undefined || (status !== undefined && status >= 500)) {
    const reason = networkCode ?? `HTTP ${status}`;
    const advice = 'Check DNS, network policy and proxy settings of this process.';
    return new TransientError(
      'StorageUnreachable',
      `The service that gives credentials for ${source} can't be reached (${reason}). ${advice}`,
      { cause },
    );
  }
  if (status !== undefined) {
    return denied(
      source,
      `STS refused with ${code}: ${first(cause.message)}. ${ADVICE[provider.kind]}`,
      cause,
    );
  }
  if (cause.message.startsWith('Command failed')) {
    // Not with the message as a cause: it repeats the command line, which may hold a secret.
    return denied(source, 'its credential_process failed. Run that command by hand to see why.');
  }
  if (cause instanceof SyntaxError) {
    return denied(source, `the answer is not JSON. ${ADVICE[provider.kind]}`);
  }
  return provider.kind === 'none' || provider.kind === 'keys'
    ? denied(source, ADVICE[provider.kind], cause)
    : denied(source, `${first(cause.message)}. ${ADVICE[provider.kind]}`, cause);
}

const ADVICE: Readonly<Record<Provider['kind'], string>> = {
  keys: 'Only one of the two is set: set both, or none to use another source.',
  profile:
    'Check this profile in the shared AWS configuration (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE).',
  defaultProfile:
    'Check this profile in the shared AWS configuration (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE), or give an access key and its secret.',
  webIdentity:
    "Check AWS_ROLE_ARN, the role's trust policy (issuer, audience, service account) and the OIDC provider of the account.",
  container: 'Check the EKS Pod Identity association or the task role, and that its agent runs on this node.',
  none: 'Give an access key and its secret, or one of: web identity (IRSA), EKS Pod Identity, a profile, an instance role.',
};

function describe(provider: Provider): string {
  switch (provider.kind) {
    case 'profile':
      return `the profile "${provider.profile}" (AWS_PROFILE)`;
    case 'defaultProfile':
      return 'the profile "default" (shared files)';
    case 'keys':
      return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    case 'webIdentity':
      return `the role ${provider.role ?? '(AWS_ROLE_ARN is not set)'} by web identity (AWS_WEB_IDENTITY_TOKEN_FILE)`;
    case 'container':
      return 'the container (EKS Pod Identity or ECS)';
    case 'none':
      return 'S3 from the environment, shared files or the instance';
  }
}

function denied(source: string, reason: string, cause?: Error): TerminalError {
  return new TerminalError('AccessDenied', `No credentials for ${source}: ${reason} S3 was not asked.`, {
    cause,
  });
}

function first(text: string): string {
  return text.trim().replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, MAX_TEXT);
}
