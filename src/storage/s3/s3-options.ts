import type { ErrorCode } from '../../errors.ts';
import type { HostResolver } from '../../net/dial.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import type { ServiceNameNamespaces } from '../../net/unresolved-name.ts';

/**
 * Who asks. `ambient` is the AWS chain: environment, shared files, web identity (IRSA), container and
 * instance roles.
 */
export type S3Credentials =
  | {
      readonly kind: 'static';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken?: string;
    }
  | { readonly kind: 'ambient' };

/** The signing region of stores that have none of their own. */
export const DEFAULT_REGION = 'us-east-1';

/** How a bucket is reached. Shared by every prefix of one installation. */
export interface S3Access {
  readonly credentials: S3Credentials;
  /**
   * Signing region. Absent: `us-east-1` when an endpoint is given, else what the ambient configuration says.
   */
  readonly region?: string;
  /** Absolute URL of an S3-compatible server; absent for AWS itself. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`; false when absent. */
  readonly forcePathStyle?: boolean;
  /** PEM certificates that are trusted in place of the system's, each as an anchor. */
  readonly ca?: string;
  /** Through which proxy, if any; absent: directly. */
  readonly proxy?: ProxyRule;
  /** What may be connected to where there is no proxy; absent: everything. */
  readonly resolve?: HostResolver;
  /** In a cluster: where the short host name of the endpoint is looked up. For messages only. */
  readonly nameScope?: ServiceNameNamespaces;
}

/** How hard a bucket is asked; the defaults stand in {@link defaultS3Limits}. */
export interface S3Limits {
  /** Requests started per second, averaged over a burst of an eighth of a second. */
  readonly requestsPerSecond: number;
  /** Requests under way at once, and sockets kept open. */
  readonly concurrency: number;
  /** Tries per request, the first one included. */
  readonly maxAttempts: number;
  /**
   * Base of the exponential backoff between tries, in milliseconds; each wait is random between 0 and its
   * bound.
   */
  readonly backoffMs: number;
  /** Milliseconds for the connection to be established. */
  readonly connectTimeoutMs: number;
  /** Milliseconds without a byte from the store after which a try is given up. */
  readonly idleTimeoutMs: number;
  /** Bytes of bodies in memory before they are handed to the caller. */
  readonly maxBytesInFlight: number;
  /** Objects under one prefix; a listing beyond it is refused with `TooLarge`. */
  readonly maxObjects: number;
  /** Full pages of listings that may be read at once, over all listings of the bucket. */
  readonly pagesAtOnce: number;
  /** Full pages per second beyond these. A page of 1,000 names takes some 20 ms of CPU to read. */
  readonly pagesPerSecond: number;
}

/**
 * Sized for one pod on AWS (5,500 GET/s per prefix) and for the small stores that throttle at about a
 * thousand. More than 64 sockets don't help: the client is then bound by its CPU.
 */
export const defaultS3Limits: S3Limits = {
  requestsPerSecond: 1_000,
  concurrency: 64,
  maxAttempts: 5,
  backoffMs: 200,
  connectTimeoutMs: 5_000,
  idleTimeoutMs: 15_000,
  maxBytesInFlight: 64 * 1024 * 1024,
  maxObjects: 1_000_000,
  pagesAtOnce: 100,
  pagesPerSecond: 5,
};

/** One HTTP request that ended, as the observer receives it: for metrics, tests and benchmarks. */
export interface S3RequestEnd {
  readonly operation: S3Operation;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly result: 'ok' | ErrorCode | 'unknown';
  /** Bytes of the body that was received. */
  readonly bytes: number;
  /** Wall time of the try in milliseconds, the wait for a slot excluded. */
  readonly milliseconds: number;
}

/** The two calls the project makes; exactly what the minimal policy allows. */
export type S3Operation = 'ListObjectsV2' | 'GetObject';

/** Called once per HTTP request; must be cheap and must not throw. */
export type S3Observer = (request: S3RequestEnd) => void;
