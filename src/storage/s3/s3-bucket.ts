import { type RetryPolicy, retry } from '../../async/retry.ts';
import { Semaphore } from '../../async/semaphore.ts';
import { TokenBucket } from '../../async/token-bucket.ts';
import type { ServiceNameNamespaces } from '../../net/unresolved-name.ts';
import { Watchdog } from '../watchdog.ts';
import type { S3Client } from './s3-client.ts';
import { explainS3Error, retryAfterMs } from './s3-errors.ts';
import {
  DEFAULT_REGION,
  defaultS3Limits,
  type S3Access,
  type S3Limits,
  type S3Observer,
  type S3Operation,
} from './s3-options.ts';
import type { S3Requests } from './s3-requests.ts';
import { S3Source } from './s3-source.ts';

/** What {@link S3Bucket.open} needs. */
export interface S3BucketOptions {
  readonly bucket: string;
  readonly access: S3Access;
  /** Overrides of {@link defaultS3Limits}. */
  readonly limits?: Partial<S3Limits> | undefined;
  readonly observer?: S3Observer | undefined;
  /** Uniform in [0, 1), for the jitter; Math.random when absent. */
  readonly random?: () => number;
}

/**
 * One bucket with its client and its limits. All repositories in it share the sockets, the rate limit and the
 * byte budget, so a hundred apps recovered at once ask the store no harder than one.
 */
export class S3Bucket implements S3Requests {
  readonly name: string;
  readonly limits: S3Limits;
  /** Bytes of bodies that may be in memory at once. */
  readonly memory: Semaphore;
  readonly #client: S3Client;
  readonly #server: string;
  readonly #nameScope: ServiceNameNamespaces | undefined;
  readonly #slots: Semaphore;
  readonly #rate: TokenBucket;
  readonly #pages: TokenBucket;
  readonly #retries: RetryPolicy;
  readonly #observer: S3Observer;

  private constructor(options: S3BucketOptions, limits: S3Limits, client: S3Client) {
    this.name = options.bucket;
    this.limits = limits;
    this.memory = new Semaphore(limits.maxBytesInFlight);
    this.#client = client;
    this.#server = serverInWords(options.access);
    this.#nameScope = options.access.nameScope;
    this.#slots = new Semaphore(limits.concurrency);
    this.#rate = new TokenBucket(limits.requestsPerSecond, limits.requestsPerSecond / 8);
    this.#pages = new TokenBucket(limits.pagesPerSecond, limits.pagesAtOnce);
    this.#retries = {
      maxAttempts: limits.maxAttempts,
      backoffMs: limits.backoffMs,
      random: options.random ?? Math.random,
    };
    this.#observer = options.observer ?? (() => {});
  }

  /**
   * Loads the SDK and makes the client. Nothing is sent yet, so wrong credentials show on the first request.
   */
  static async open(options: S3BucketOptions): Promise<S3Bucket> {
    const limits = { ...defaultS3Limits, ...options.limits };
    // On first use: who reads a directory must not pay the 140 ms that the SDK takes to load.
    const { createS3Client } = await import('./s3-client.ts');
    return new S3Bucket(options, limits, await createS3Client(options.bucket, options.access, limits));
  }

  /** The repository under a prefix; `''` or ending in `/`. */
  source(prefix: string): S3Source {
    return new S3Source(this, prefix);
  }

  /** Closes the sockets; requests under way fail. */
  destroy(): void {
    this.#client.destroy();
  }

  /** The same bucket for a caller that tries again in its own time: every request is sent once. */
  get singleTry(): S3Requests {
    const once = { ...this.#retries, maxAttempts: 1 };
    return {
      name: this.name,
      limits: this.limits,
      memory: this.memory,
      nextPage: (signal) => this.nextPage(signal),
      request: (operation, location, send, signal) => this.#request(once, operation, location, send, signal),
    };
  }

  nextPage(signal: AbortSignal | undefined): Promise<void> {
    return this.#pages.take(signal);
  }

  request<T>(
    operation: S3Operation,
    location: string,
    send: (client: S3Client, watchdog: Watchdog) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return this.#request(this.#retries, operation, location, send, signal);
  }

  #request<T>(
    retries: RetryPolicy,
    operation: S3Operation,
    location: string,
    send: (client: S3Client, watchdog: Watchdog) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const attempt = async (number: number): Promise<T> => {
      const release = await this.#slots.acquire(1, signal);
      try {
        await this.#rate.take(signal);
        return await this.#send(operation, location, number, send, signal);
      } finally {
        release();
      }
    };
    return retry(retries, attempt, retryAfterMs, signal);
  }

  async #send<T>(
    operation: S3Operation,
    location: string,
    attempt: number,
    send: (client: S3Client, watchdog: Watchdog) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const watchdog = new Watchdog(this.limits.idleTimeoutMs, location, signal);
    const started = performance.now();
    const ended = (result: Parameters<S3Observer>[0]['result']) =>
      this.#observer({
        operation,
        attempt,
        result,
        bytes: watchdog.bytes,
        milliseconds: performance.now() - started,
      });
    try {
      const answer = await send(this.#client, watchdog);
      ended('ok');
      return answer;
    } catch (error) {
      const subject = {
        ...{ operation, bucket: this.name, location },
        ...{ server: this.#server, nameScope: this.#nameScope },
      };
      const failure = watchdog.expired ?? explainS3Error(error, subject);
      ended(signal?.aborted ? 'Aborted' : (failure?.code ?? 'unknown'));
      throw failure ?? error;
    } finally {
      watchdog.close();
    }
  }
}

/** Endpoint and region, for messages. */
function serverInWords({ endpoint, region }: S3Access): string {
  if (endpoint === undefined) {
    return `AWS S3 (region ${region ?? 'of the AWS configuration'})`;
  }
  return `${endpoint} (region ${region ?? DEFAULT_REGION})`;
}
