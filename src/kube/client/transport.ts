import { abortable } from '../../async/abortable.ts';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { APIError } from './api-error.ts';
import type { RequestMetrics } from './call-options.ts';
import { ConnectionError } from './connection-error.ts';
import type { Credentials, ResolvedCredentials } from './credentials.ts';
import { type APIRequest, type APIResponse, describeRequest, toAPIError, wireOptions } from './wire.ts';

/** Options of {@link Transport}. */
export interface TransportOptions {
  readonly credentials: Credentials;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly metrics: RequestMetrics | undefined;
  /** Receives the texts of the API server's `Warning` headers, for example of deprecated versions. */
  readonly onWarning?: ((warning: string) => void) | undefined;
  /** As `APIClientOptions` has it. */
  readonly onWait?: (() => Disposable) | undefined;
}

/** client-go's limit on repeats that a Retry-After header asks for. */
const MAX_RETRIES = 10;
/** No server gets to park a call for longer than this; the caller's own backoff takes over. */
const MAX_RETRY_AFTER_SECONDS = 60;

/**
 * Sends requests with the promises client-node leaves to its callers: a deadline for every attempt,
 * Retry-After honoured for idempotent calls only, one re-reading of credentials after a 401 or a failed TLS
 * handshake, one connection pool, typed errors.
 */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /**
   * Sends and reads the whole answer as JSON. Throws `APIError`, `ConnectionError` or the signal's reason.
   */
  async json(request: APIRequest): Promise<unknown> {
    return (await this.measuredJSON(request)).body;
  }

  /** Like {@link json}, and says how many bytes the answer had. */
  async measuredJSON(request: APIRequest): Promise<{ readonly body: unknown; readonly bytes: number }> {
    return this.#send(request, async (response) => {
      const bytes = await readBody(request, response);
      try {
        return { body: JSON.parse(bytes.toString('utf8')) as unknown, bytes: bytes.length };
      } catch (cause) {
        throw new ConnectionError('Malformed', `${describeRequest(request)}: the answer is not JSON`, {
          cause,
        });
      }
    });
  }

  /**
   * Sends and hands over the open body once headers are in. Abort `signal` to give up waiting or to close it.
   */
  async stream(request: APIRequest & { readonly signal: AbortSignal }): Promise<APIResponse['body']> {
    return this.#send(request, async (response) => response.body);
  }

  async #send<R>(request: APIRequest, read: (response: APIResponse) => Promise<R>): Promise<R> {
    let renewed = false;
    let reconnected = false;
    for (let attempt = 0; ; attempt += 1) {
      request.signal?.throwIfAborted();
      const access = await this.#options.credentials.access();
      try {
        return await this.#attempt(request, access, read);
      } catch (error) {
        if (isAboutCredentials(error) && !renewed) {
          // A rotated token, which was cached for up to a minute, or certificates that a kubeconfig holds.
          // The server has done nothing.
          renewed = true;
          this.#options.credentials.renew(access);
          continue;
        }
        if (!request.idempotent || attempt >= MAX_RETRIES) {
          throw error;
        }
        if (isStaleConnection(error) && !reconnected) {
          // A kept-alive connection the server had closed; a second loss is a real one.
          reconnected = true;
          continue;
        }
        const waitSeconds = retryAfter(error);
        if (waitSeconds === undefined) {
          throw error;
        }
        this.#options.metrics?.requestRetries.inc({
          ...this.#labels(access),
          code: codeOf(error),
          verb: request.method,
        });
        using _waiting = this.#waits(request);
        await sleep(this.#options.clock, waitSeconds * 1000, request.signal);
      }
    }
  }

  async #attempt<R>(
    request: APIRequest,
    access: ResolvedCredentials,
    read: (response: APIResponse) => Promise<R>,
  ): Promise<R> {
    const { clock, metrics } = this.#options;
    const call = describeRequest(request);
    // After the credentials: a plug-in may be asking a person for them, at the terminal that would show the
    // wait.
    using _waiting = this.#waits(request);
    using deadline = this.#deadline(request);
    const signal = deadline?.signal ?? request.signal;
    const startedAt = clock.monotonic();
    let code = '<error>';
    try {
      const answered = access.dispatcher.request(
        wireOptions(request, access, this.#options.userAgent, signal),
      );
      // The pool heeds an abort only once there is a connection; a TLS handshake may hang for ten seconds.
      const response = await (signal === undefined ? answered : abortable(answered, signal));
      code = String(response.statusCode);
      this.#warn(response.headers['warning']);
      if (response.statusCode >= 400) {
        throw await toAPIError(call, response);
      }
      return await read(response);
    } catch (error) {
      if (error instanceof APIError || request.signal?.aborted) {
        throw request.signal?.aborted ? request.signal.reason : error;
      }
      throw ConnectionError.from(call, error);
    } finally {
      const labels = this.#labels(access);
      metrics?.requests.inc({ ...labels, code, method: request.method });
      metrics?.requestDuration.observe(
        { ...labels, verb: request.method },
        (clock.monotonic() - startedAt) / 1000,
      );
    }
  }

  #waits({ mayStaySilent = false }: APIRequest): Disposable | undefined {
    return mayStaySilent ? undefined : this.#options.onWait?.();
  }

  #deadline(request: APIRequest): TimeoutSignal | undefined {
    const { timeoutMs } = request;
    if (timeoutMs === undefined) {
      return undefined;
    }
    const timedOut = () =>
      new ConnectionError('Timeout', `${describeRequest(request)}: no answer within ${timeoutMs} ms`);
    return new TimeoutSignal(this.#options.clock, timeoutMs, timedOut, request.signal);
  }

  #labels(access: ResolvedCredentials): { host: string } {
    return { host: new URL(access.server).host };
  }

  #warn(header: string | string[] | undefined): void {
    for (const warning of typeof header === 'string' ? [header] : (header ?? [])) {
      this.#options.onWarning?.(warning);
    }
  }
}

/** Refused before anything was done: by the API server, or by either side of the TLS handshake. */
function isAboutCredentials(error: unknown): boolean {
  return error instanceof APIError
    ? error.status === 401
    : error instanceof ConnectionError && error.failure === 'TLS';
}

/** Ending the loop early closes the connection: nothing more of the answer is sent. */
async function readBody(request: APIRequest, { body }: APIResponse): Promise<Buffer> {
  const { maxBytes = Number.POSITIVE_INFINITY } = request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new ConnectionError(
        'TooLarge',
        `${describeRequest(request)}: the answer is larger than ${maxBytes} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Seconds to wait before repeating, or undefined when the answer does not ask for a repeat. */
function retryAfter(error: unknown): number | undefined {
  if (!(error instanceof APIError) || (error.status !== 429 && error.status !== 503)) {
    return undefined;
  }
  const seconds = error.retryAfterSeconds;
  return seconds !== undefined && seconds <= MAX_RETRY_AFTER_SECONDS ? seconds : undefined;
}

function isStaleConnection(error: unknown): boolean {
  return error instanceof ConnectionError && error.failure === 'Reset';
}

function codeOf(error: unknown): string {
  return error instanceof APIError ? String(error.status) : '<error>';
}
