import { Readable } from 'node:stream';
import { type RetryPolicy, retry } from '../async/retry.ts';
import { RecoveryError, TerminalError, TransientError } from '../errors.ts';
import { readObjectBody } from './body.ts';
import { encodeSegment } from './file-encoding.ts';
import { lastModifiedIn } from './last-modified.ts';
import type { GetOptions, ListedObject, MetadataSource } from './source.ts';
import { Watchdog } from './watchdog.ts';

/** How an HTTP mirror is read; everything has a default. */
export interface HTTPSourceOptions {
  /**
   * `name` (default): a whole object name is one path segment, `a/b` is asked for as `a%2Fb`, as TUF clients
   * ask for role names. `path`: `/` separates segments, as in target paths.
   */
  readonly encoding?: 'name' | 'path';
  readonly retry?: RetryPolicy;
  /** Milliseconds without a byte after which a request is given up; 30,000 when absent. */
  readonly idleMs?: number;
}

const DEFAULT_RETRY: RetryPolicy = { maxAttempts: 3, backoffMs: 200, random: Math.random };

/** Far above any real number of roots, so that a mirror that answers every name ends the probing. */
const MAX_ROOTS = 4096;
const MAX_ROOT_BYTES = 512_000;

/**
 * A repository on an HTTP(S) mirror. A mirror has no listing: {@link list} asks for `1.root.json`,
 * `2.root.json`, … until one is not there, as clients do (TUF spec 5.3.3), and names nothing else. What it
 * read on the way is handed out by the next {@link get}, so that each root is requested once.
 */
export class HTTPSource implements MetadataSource {
  readonly location: string;
  readonly #base: URL;
  readonly #options: HTTPSourceOptions;
  readonly #probed = new Map<string, Fetched>();

  /**
   * @param base URL of the directory, with or without a slash at its end
   * @throws {TerminalError} `InvalidInput` for anything but an http or https URL
   */
  constructor(base: string, options: HTTPSourceOptions = {}) {
    const url = URL.canParse(base) ? new URL(base.endsWith('/') ? base : `${base}/`) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new TerminalError('InvalidInput', 'The mirror must be given as an http:// or https:// URL.');
    }
    this.#base = url;
    this.#options = options;
    this.location = `${url.origin}${url.pathname}`;
  }

  async *list(signal?: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    for (let version = 1; version <= MAX_ROOTS; version++) {
      const name = `${version}.root.json`;
      const found = await this.#probe(name, signal);
      if (found === undefined) {
        break;
      }
      this.#probed.set(name, found);
      yield [{ name, size: found.bytes.length, lastModified: found.lastModified ?? new Date(0) }];
    }
  }

  async get(name: string, options: GetOptions): Promise<Uint8Array> {
    const probed = this.#probed.get(name);
    this.#probed.delete(name);
    const usable = probed !== undefined && probed.bytes.length <= options.maxBytes;
    const { bytes, lastModified } = usable ? probed : await this.#fetch(name, options);
    if (lastModified !== undefined) {
      options.onLastModified?.(lastModified);
    }
    return bytes;
  }

  async #probe(name: string, signal: AbortSignal | undefined): Promise<Fetched | undefined> {
    try {
      return await this.#fetch(name, {
        maxBytes: MAX_ROOT_BYTES,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      if (error instanceof TerminalError && error.code === 'NotFound') {
        return undefined;
      }
      throw error;
    }
  }

  #fetch(name: string, { maxBytes, signal }: GetOptions): Promise<Fetched> {
    const policy = this.#options.retry ?? DEFAULT_RETRY;
    return retry(policy, () => this.#attempt(this.#urlOf(name), maxBytes, signal), retryAfterOf, signal);
  }

  async #attempt(url: URL, maxBytes: number, signal: AbortSignal | undefined): Promise<Fetched> {
    const name = `${url.origin}${url.pathname}`;
    const watchdog = new Watchdog(this.#options.idleMs ?? 30_000, name, signal);
    try {
      const response = await fetch(url, { signal: watchdog.signal });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusalOf(name, response);
      }
      const bytes =
        response.body === null
          ? new Uint8Array()
          : await readObjectBody(Readable.fromWeb(response.body), {
              name,
              maxBytes,
              onBytes: (count) => watchdog.fed(count),
            });
      return { bytes, lastModified: lastModifiedIn(response.headers.get('last-modified')) };
    } catch (error) {
      signal?.throwIfAborted();
      if (watchdog.expired !== undefined) {
        throw watchdog.expired;
      }
      if (error instanceof RecoveryError) {
        throw error;
      }
      throw new TransientError(
        'StorageUnreachable',
        `${name} could not be read. Check the address, the network and the mirror.`,
        { cause: error },
      );
    } finally {
      watchdog.close();
    }
  }

  #urlOf(name: string): URL {
    const path =
      this.#options.encoding === 'path' ? name.split('/').map(encodeSegment).join('/') : encodeSegment(name);
    const url = new URL(this.#base);
    url.pathname += path;
    return url;
  }
}

interface Fetched {
  readonly bytes: Uint8Array;
  /** Of the Last-Modified header. */
  readonly lastModified: Date | undefined;
}

/** A refusal that asks for patience. */
class Throttled extends TransientError {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super('Throttled', message);
    this.retryAfterMs = retryAfterMs;
  }
}

function retryAfterOf(error: TransientError): number {
  return error instanceof Throttled ? error.retryAfterMs : 0;
}

function refusalOf(name: string, { status, headers }: Response): RecoveryError {
  if (status === 404 || status === 410) {
    return new TerminalError('NotFound', `${name} does not exist; check the address and the name.`);
  }
  if (status === 401 || status === 403) {
    return new TerminalError(
      'AccessDenied',
      `${name} may not be read (status ${status}); check its permissions.`,
    );
  }
  if (status === 429 || status === 503) {
    const seconds = Number(headers.get('retry-after') ?? 0);
    return new Throttled(
      `${name} is throttled (status ${status}); try again later.`,
      seconds > 0 ? seconds * 1000 : 0,
    );
  }
  if (status >= 500) {
    return new TransientError('StorageUnreachable', `${name} failed with status ${status}; try again later.`);
  }
  return new TerminalError('InvalidSource', `${name} answered with status ${status}; check the address.`);
}
