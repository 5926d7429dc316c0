import type { Semaphore } from '../../async/semaphore.ts';
import type { Watchdog } from '../watchdog.ts';
import type { S3Client } from './s3-client.ts';
import type { S3Limits, S3Operation } from './s3-options.ts';

/** Requests to one bucket, within its limits: what a source under one of its prefixes needs. */
export interface S3Requests {
  readonly name: string;
  readonly limits: S3Limits;
  /** Bytes of bodies that may be in memory at once. */
  readonly memory: Semaphore;
  /**
   * Resolves when a listing that has filled a page may ask for the next one. A store can name objects without
   * end, and reading them must not take the CPU from everything else in the process.
   */
  nextPage(signal: AbortSignal | undefined): Promise<void>;
  /**
   * One request with everything around it: slot, rate limit, silence time-out, retries, observer,
   * explanation.
   *
   * @param location the object or prefix in words, for messages
   * @param send does the request and reads the answer to its end
   * @throws {TransientError} `Throttled`, `StorageUnreachable` when every try failed
   * @throws {TerminalError} `AccessDenied`, `NotFound`, `TooLarge`, `InvalidSource`
   */
  request<T>(
    operation: S3Operation,
    location: string,
    send: (client: S3Client, watchdog: Watchdog) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T>;
}
