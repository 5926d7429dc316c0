import { asRecord } from '../as-record.ts';

/** What a failed request of the AWS SDK tells, read from whichever of its error shapes it came in. */
export interface S3Failure {
  /** The store's `<Code>`, or the SDK's own name for a failure of its own. */
  readonly code: string;
  /** HTTP status; undefined when there was no response. */
  readonly status: number | undefined;
  /** `ECONNREFUSED`, `CERT_HAS_EXPIRED`, …; undefined when there was a response. */
  readonly networkCode: string | undefined;
  /** The region the store says is right. */
  readonly expectedRegion: string | undefined;
  /** Where a redirect leads, without its query, which may hold a signature. */
  readonly redirectedTo: string | undefined;
  /** Milliseconds the store asks us to stay away (Retry-After in seconds); 0 when it asks for nothing. */
  readonly retryAfterMs: number;
  /** The error this was read from. */
  readonly cause: Error;
}

/** Reads an error of the SDK. Its types promise little of this, so every field is checked. */
export function readS3Failure(error: Error): S3Failure {
  const fields = asRecord(error);
  const status = asRecord(fields['$metadata'])['httpStatusCode'];
  const headers = asRecord(asRecord(fields['$response'])['headers']);
  const region = headers['x-amz-bucket-region'] ?? fields['Region'];
  const retryAfter = Number(headers['retry-after'] ?? 0);
  return {
    // The one failure that the SDK names only in its message.
    code: error.message === 'Region is missing' ? 'RegionMissing' : error.name,
    status: typeof status === 'number' ? status : undefined,
    networkCode: networkCodeOf(error),
    expectedRegion: typeof region === 'string' ? region : undefined,
    redirectedTo: targetOf(headers['location']),
    // NaN (an HTTP date) and negative numbers ask for nothing.
    retryAfterMs: retryAfter > 0 ? retryAfter * 1000 : 0,
    cause: error,
  };
}

/** What of a redirect's address is repeated. */
const MAX_TARGET = 200;

function targetOf(location: unknown): string | undefined {
  return typeof location === 'string' && location !== ''
    ? location
        .replace(/[?#].*$/s, '')
        .replace(/\/\/[^/]*@/, '//')
        .slice(0, MAX_TARGET)
    : undefined;
}

/** A connection tried on several addresses fails with an AggregateError; its first member says why. */
function networkCodeOf(error: unknown): string | undefined {
  const code = asRecord(error)['code'];
  if (typeof code === 'string') {
    return code;
  }
  return error instanceof AggregateError ? networkCodeOf(error.errors[0]) : undefined;
}
