import type { Dispatcher } from 'undici';
import { APIError, type APIStatus } from './api-error.ts';
import type { ResolvedCredentials } from './credentials.ts';
import { jsonAsYAML } from './json-as-yaml.ts';

/** A response whose body is still to be read. */
export type APIResponse = Dispatcher.ResponseData<unknown>;

/** One call to the API server. */
export interface APIRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the server's URL. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Longest time one attempt may take, in milliseconds. Left out for a stream: its reader runs the timer. */
  readonly timeoutMs?: number;
  /** Bytes of the answer; one of more is given up as `TooLarge`. Left out: no limit. */
  readonly maxBytes?: number;
  /**
   * Doing it twice is the same as doing it once: only then is it repeated after a 429, a 503 or a lost
   * connection.
   */
  readonly idempotent: boolean;
  /** No answer is in order: a log that is followed may have nothing to say yet. */
  readonly mayStaySilent?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The request in messages: `GET /api/v1/…`. */
export function describeRequest(request: APIRequest): string {
  return `${request.method} ${request.path}`;
}

/** The request as the HTTP client takes it. */
export function wireOptions(
  request: APIRequest,
  access: ResolvedCredentials,
  userAgent: string,
  signal: AbortSignal | undefined,
): Dispatcher.RequestOptions {
  const { origin, pathname, search } = new URL(access.server + request.path);
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) {
      query[name] = String(value);
    }
  }
  return {
    origin,
    path: pathname + search,
    method: request.method,
    query,
    signal: signal ?? null,
    headers: {
      accept: 'application/json',
      'user-agent': userAgent,
      ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
      ...access.headers,
    },
    ...(request.body !== undefined && { body: encode(request) }),
  };
}

function encode({ contentType, body }: APIRequest): string {
  return contentType === 'application/apply-patch+yaml' ? jsonAsYAML(body) : JSON.stringify(body);
}

/** What a response of 400 or more says. */
export async function toAPIError(call: string, response: APIResponse): Promise<APIError> {
  const header = Number(response.headers['retry-after']);
  const text = await response.body.text();
  let status: APIStatus;
  try {
    const body: unknown = JSON.parse(text);
    // The server's Status type; every field is read as optional, so a proxy's own JSON does no harm.
    status = typeof body === 'object' && body !== null ? (body as APIStatus) : { message: text };
  } catch {
    // Not JSON: a proxy or load balancer answered. Its first words are all there is to show.
    status = { message: text.trim().slice(0, 200) };
  }
  return new APIError(call, response.statusCode, status, Number.isFinite(header) ? header : undefined);
}
