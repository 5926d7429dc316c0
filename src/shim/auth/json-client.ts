import { Agent, type Dispatcher, fetch, ProxyAgent, type Response } from 'undici';
import { errorMessage } from '../../errors.ts';
import { httpProxyFor, trustOptions } from '../../net/agents.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';

/** What one request of a {@link JSONClient} is allowed. */
export interface FetchLimits {
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Of the body, decompressed. */
  readonly maxBytes: number;
}

/** A server answered with something that is not what was asked for. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
}

/** Status and body of an answer. */
export interface JSONAnswer {
  readonly status: number;
  /** Undefined when the body is no JSON and the status is not 200. */
  readonly body: unknown;
}

/** Fetches JSON documents, through the proxy that the environment names for their address. */
export class JSONClient {
  readonly #proxy: ProxyRule;
  /** Scheme of the document and address of the proxy → connections to that proxy. */
  readonly #proxies = new Map<string, Dispatcher>();
  readonly #direct = new Agent({ connect: trustOptions(undefined) });

  constructor(proxy: ProxyRule) {
    this.#proxy = proxy;
  }

  /**
   * Fetches a document. Redirects are not followed: they would carry a token, or trust, somewhere else.
   * @throws {UnexpectedAnswerError} when the answer is too large, or is 200 but no JSON; what `fetch` throws
   *   when there is no answer.
   */
  async get(
    url: URL,
    { timeoutMs, maxBytes }: FetchLimits,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<JSONAnswer> {
    const dispatcher = this.#dispatcherFor(url);
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher,
    });
    const { status } = response;
    const text = await readText(response, maxBytes);
    if (text === undefined) {
      throw new UnexpectedAnswerError(`${url} answered with more than ${maxBytes} bytes`);
    }
    try {
      const body: unknown = JSON.parse(text);
      return { status, body };
    } catch (cause) {
      if (status === 200) {
        throw new UnexpectedAnswerError(`${url} answered with something other than JSON`, { cause });
      }
      return { status, body: undefined };
    }
  }

  #dispatcherFor(url: URL): Dispatcher {
    const uri = httpProxyFor(url, this.#proxy);
    if (uri === undefined) {
      return this.#direct;
    }
    const key = `${url.protocol}${uri}`;
    // As other clients do it: a tunnel for HTTPS only, because proxies often refuse one to other ports.
    const dispatcher =
      this.#proxies.get(key) ??
      new ProxyAgent({
        uri,
        proxyTunnel: url.protocol === 'https:',
        requestTls: trustOptions(undefined),
        proxyTls: trustOptions(undefined),
      });
    this.#proxies.set(key, dispatcher);
    return dispatcher;
  }
}

async function readText({ body }: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    // A body of fetch consists of bytes, whatever its type says.
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxBytes) {
      return undefined;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * Why an address could not be read, with the address and without a stack: `fetch` hides the reason in its
 * cause.
 */
export function fetchProblem(url: string | URL, error: unknown): string {
  if (error instanceof UnexpectedAnswerError) {
    return error.message;
  }
  const { cause } = error instanceof Error ? error : {};
  const reason = cause instanceof Error ? cause : error;
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : undefined;
  const text = errorMessage(reason);
  return `${url} can't be reached (${code === undefined || text.includes(code) ? text : `${code}: ${text}`})`;
}
