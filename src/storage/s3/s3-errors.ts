import { type ErrorCode, RecoveryError, TerminalError, TransientError } from '../../errors.ts';
import { explainUnresolvedName, type ServiceNameNamespaces } from '../../net/unresolved-name.ts';
import { readS3Failure, type S3Failure } from './s3-failure.ts';
import type { S3Operation } from './s3-options.ts';

/** What a failed request was about; goes into the message. */
export interface S3Subject {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** `s3://bucket/key` or `s3://bucket/prefix/`. */
  readonly location: string;
  /** Endpoint and region in words: `https://minio:9000 (region us-east-1)`. */
  readonly server: string;
  /** Where short host names were looked up. */
  readonly nameScope?: ServiceNameNamespaces | undefined;
}

/**
 * Says what a failed S3 request means: by the store's error code first, then by HTTP status, then by the
 * network's error. Returns undefined for what is no failure of the request: a programmer error.
 *
 * A 403 is never "absent": without ListBucket, AWS answers 403 for a missing key too.
 */
export function explainS3Error(error: unknown, subject: S3Subject): RecoveryError | undefined {
  if (error instanceof RecoveryError) {
    return error;
  }
  if (!(error instanceof Error)) {
    return undefined;
  }
  const failure = readS3Failure(error);
  const meaning =
    byCode.get(failure.code) ?? byStatus(failure) ?? byNetworkCode(failure.networkCode) ?? bySDK(error);
  if (meaning === undefined) {
    return undefined;
  }
  const ErrorClass = meaning.transient ? TransientError : TerminalError;
  return new ErrorClass(meaning.code, meaning.message(subject, failure), { cause: error });
}

/** Milliseconds that the failure behind an explained error asks us to stay away. */
export function retryAfterMs(error: TransientError): number {
  return error.cause instanceof Error ? readS3Failure(error.cause).retryAfterMs : 0;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly transient?: true;
  readonly message: (subject: S3Subject, failure: S3Failure) => string;
}

const permission: Readonly<Record<S3Operation, string>> = {
  ListObjectsV2: 's3:ListBucket on the bucket, for this prefix',
  GetObject: 's3:GetObject on the objects under this prefix',
};

const accessDenied: Meaning = {
  code: 'AccessDenied',
  message: ({ operation, location }) =>
    `S3 refused ${operation} of ${location}. Grant the credentials ${permission[operation]}, or check that the bucket is yours.`,
};

const unknownKey: Meaning = {
  code: 'AccessDenied',
  message: ({ server, location }) =>
    `${server} does not know the access key used for ${location}. Check the access key ID and that it belongs to this store.`,
};

const wrongSecret: Meaning = {
  code: 'AccessDenied',
  message: ({ location }) =>
    `The secret access key used for ${location} does not belong to its access key ID. Check the secret, also for a line end in it.`,
};

const expiredToken: Meaning = {
  code: 'AccessDenied',
  message: ({ location }) =>
    `S3 refused the session token used for ${location}: it is expired or malformed. Renew the temporary credentials.`,
};

const noCredentials: Meaning = {
  code: 'AccessDenied',
  message: ({ location }) =>
    `No credentials were found for ${location}. Give an access key and its secret, or make the ambient ones ` +
    `(environment, profile, IRSA, instance role) available.`,
};

const wrongClock: Meaning = {
  code: 'AccessDenied',
  message: ({ server }) =>
    `The clocks of this machine and of ${server} differ by more than 15 minutes, so the signature was refused. ` +
    `Set the clock that is wrong (NTP).`,
};

const noBucket: Meaning = {
  code: 'NotFound',
  message: ({ bucket, server }) =>
    `Bucket ${bucket} does not exist on ${server}. Check the bucket's name, the endpoint and the region.`,
};

const noObject: Meaning = {
  code: 'NotFound',
  message: ({ location }) => `${location} does not exist. Restore the object, or check the prefix.`,
};

const archived: Meaning = {
  code: 'InvalidSource',
  message: ({ location }) =>
    `${location} is archived and can't be read. Restore it from its archive storage class.`,
};

const wrongRegion: Meaning = {
  code: 'InvalidSource',
  message: ({ bucket, server }, { expectedRegion }) =>
    `Bucket ${bucket} can't be reached through ${server}: it lives in another region. ` +
    `Set the region to ${expectedRegion ?? "the bucket's own"}.`,
};

const redirected: Meaning = {
  code: 'InvalidSource',
  message: ({ server, operation, location }, { status, redirectedTo }) =>
    `${server} redirected ${operation} of ${location}${redirectedTo === undefined ? '' : ` to ${JSON.stringify(redirectedTo)}`} ` +
    `(HTTP ${status}), and a signed request is not sent elsewhere. Set the endpoint to the API itself, ` +
    'past what asks for a login or balances the load.',
};

const noRegion: Meaning = {
  code: 'InvalidSource',
  message: ({ location }) => `No region is known for ${location}. Set the region of the bucket.`,
};

const notS3: Meaning = {
  code: 'InvalidSource',
  message: ({ server, operation, location }, { code, status }) =>
    `${server} refused ${operation} of ${location} with ${code} (HTTP ${status}). ` +
    `Check that the endpoint is an S3 API, and the bucket's name.`,
};

const unreadable: Meaning = {
  code: 'InvalidSource',
  message: ({ server, operation, location }, { cause }) =>
    `${server} answered ${operation} of ${location} with a document that can't be read (${cause.message.split('\n', 1)[0]?.slice(0, 120).replace(/\.$/, '')}). ` +
    'Check that the endpoint is an S3 API, and what stands between it and here.',
};

const notAddressable: Meaning = {
  code: 'InvalidSource',
  message: ({ bucket }, { cause }) =>
    `Bucket ${JSON.stringify(bucket)} can't be addressed (${cause.message.split('\n', 1)[0]?.slice(0, 160)}). ` +
    'Check its name, the region and the endpoint.',
};

const unsendable: Meaning = {
  code: 'AccessDenied',
  message: ({ location }) =>
    `The credentials used for ${location} hold a character that no access key has, for example a line end. ` +
    'Check the access key ID and the session token.',
};

const notImplemented: Meaning = {
  code: 'InvalidSource',
  message: ({ server, operation }) =>
    `${server} does not implement ${operation}. Use a store with the S3 API of today (ListObjectsV2), or a gateway to one.`,
};

const untrustedCertificate: Meaning = {
  code: 'InvalidSource',
  message: ({ server }, { networkCode }) =>
    `The TLS certificate of ${server} was refused (${networkCode}). Give the CA that signed it, or correct the endpoint's host name.`,
};

const throttled: Meaning = {
  code: 'Throttled',
  transient: true,
  message: ({ operation, location }, { code }) =>
    `S3 throttled every try of ${operation} of ${location} (${code}). Lower the request rate or the concurrency, or try again later.`,
};

const serverFault: Meaning = {
  code: 'StorageUnreachable',
  transient: true,
  message: ({ server, operation, location }, { code, status }) =>
    `${server} failed every try of ${operation} of ${location} (${code}, HTTP ${status}). Check the health of the store.`,
};

const unreachable: Meaning = {
  code: 'StorageUnreachable',
  transient: true,
  message: ({ server, location, nameScope }, { code, networkCode, cause }) =>
    `${server} could not be reached for ${location} (${networkCode ?? code}). ` +
    (explainUnresolvedName(cause, nameScope) ??
      'Check the endpoint, DNS, the network and that the store runs.'),
};

const byCode: ReadonlyMap<string, Meaning> = new Map([
  ['AccessDenied', accessDenied],
  ['AllAccessDisabled', accessDenied],
  ['InvalidAccessKeyId', unknownKey],
  ['SignatureDoesNotMatch', wrongSecret],
  ['ExpiredToken', expiredToken],
  ['InvalidToken', expiredToken],
  ['CredentialsProviderError', noCredentials],
  ['TokenProviderError', noCredentials],
  ['RequestTimeTooSkewed', wrongClock],
  ['NoSuchBucket', noBucket],
  ['NoSuchKey', noObject],
  ['InvalidObjectState', archived],
  ['PermanentRedirect', wrongRegion],
  ['AuthorizationHeaderMalformed', wrongRegion],
  ['IllegalLocationConstraintException', wrongRegion],
  ['RegionMissing', noRegion],
  ['SlowDown', throttled],
  ['SlowDownRead', throttled],
  ['Throttling', throttled],
  ['ThrottlingException', throttled],
  ['RequestLimitExceeded', throttled],
  ['TooManyRequestsException', throttled],
  // Another request changed the bucket at that moment; S3 says to repeat.
  ['OperationAborted', serverFault],
  // S3's RequestTimeout is a 400: the store gave up waiting for us, and says "try again".
  ['RequestTimeout', serverFault],
  ['TimeoutError', unreachable],
]);

function byStatus({ status, expectedRegion }: S3Failure): Meaning | undefined {
  if (status === undefined) {
    return undefined;
  }
  if (status === 401 || status === 403) {
    return accessDenied;
  }
  if (status === 404) {
    return noObject;
  }
  if (status >= 300 && status < 400) {
    return expectedRegion === undefined ? redirected : wrongRegion;
  }
  if (status === 429 || status === 503) {
    return throttled;
  }
  if (status === 408) {
    return serverFault;
  }
  if (status === 501) {
    return notImplemented;
  }
  if (status === 200) {
    return unreadable;
  }
  return status >= 500 ? serverFault : notS3;
}

/** What the SDK itself refuses before it sends anything: it has no codes for that. */
function bySDK(error: Error): Meaning | undefined {
  const refused =
    error.name === 'EndpointError' ||
    /^(?:Region not accepted|Invalid (?:region|ARN|bucket|outpost)|.*\bARN\b)/i.test(error.message);
  return refused ? notAddressable : undefined;
}

/** OpenSSL's verification results as Node names them, and Node's own check of the host name. */
const certificateCode =
  /^(CERT_|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;

/**
 * Failures before, or in the middle of, a response: system calls, DNS, the HTTP parser, TLS, a cut stream.
 */
const connectionCode =
  /^(E(CONN\w+|PIPE|TIMEDOUT|HOSTUNREACH|HOSTDOWN|NETUNREACH|NETDOWN|NOTFOUND|AI_AGAIN|PROTO)|ERR_STREAM_\w+|ERR_SSL_\w+|HPE_\w+)$/;

function byNetworkCode(code: string | undefined): Meaning | undefined {
  if (code === undefined) {
    return undefined;
  }
  if (code === 'ERR_INVALID_CHAR') {
    return unsendable;
  }
  if (certificateCode.test(code)) {
    return untrustedCertificate;
  }
  return connectionCode.test(code) ? unreachable : undefined;
}
