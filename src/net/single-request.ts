import { type IncomingHttpHeaders, request as requestHTTP } from 'node:http';
import { request as requestHTTPS } from 'node:https';
import { type AgentOptions, agentsFor } from './agents.ts';

/** What {@link sendRequest} sends, and what it takes. */
export interface SingleRequest extends Omit<AgentOptions, 'maxSockets'> {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string | undefined;
  /** An answer of more bytes is an error. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

/** A whole answer. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Sends one request over a connection of its own, and reads the answer to its end. A redirect is an answer
 * like any other.
 *
 * @throws the error of the connection, an Error for an answer that is too large, or the signal's AbortError
 */
export async function sendRequest(
  url: URL,
  { method, headers, body, maxAnswerBytes, signal, ...connection }: SingleRequest,
): Promise<ReceivedAnswer> {
  const { httpAgent, httpsAgent } = agentsFor(url, { ...connection, maxSockets: 1 });
  const isTLS = url.protocol === 'https:';
  const agent = isTLS ? httpsAgent : httpAgent;
  const ofBody =
    body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedAnswer>();
  const sent = (isTLS ? requestHTTPS : requestHTTP)(
    url,
    { method, agent, signal, headers: { ...headers, ...ofBody } },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > maxAnswerBytes) {
          sent.destroy(new Error(`it answered more than ${maxAnswerBytes} bytes`));
        }
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks, size),
        }),
      );
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise.finally(() => agent.destroy());
}
