import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one request instead of its answer. */
export type Fault =
  /** An S3 error document, as the store itself would send it. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly headers?: Record<string, string>;
    }
  /** Any other answer: a proxy's HTML page, a listing made up by the test. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly type: string;
      readonly body: string | Buffer;
    }
  /** The connection is closed without a byte. */
  | { readonly kind: 'reset' }
  /** The headers and the first byte of the true answer, then the connection is closed. */
  | { readonly kind: 'cut' }
  /** No answer, ever. */
  | { readonly kind: 'silence' }
  /** The headers and the first byte of the true answer, then silence. */
  | { readonly kind: 'stall' };

/** One request as the proxy saw it. */
export interface SeenRequest {
  readonly operation: 'ListObjectsV2' | 'GetObject' | 'other';
  readonly url: string;
}

/** An HTTP proxy in front of a real S3 server: signatures stay valid because the Host header is passed on. */
export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Every request so far, faults included. */
  readonly seen: readonly SeenRequest[];
  /** The most requests that were under way at once. */
  readonly mostConcurrent: () => number;
  /** Decides about each following request; undefined lets it through. */
  inject(decide: (request: SeenRequest) => Fault | undefined): void;
}

/** Starts a proxy to the server behind `upstream` on a free port. */
export async function startFaultProxy(upstream: { host: string; port: number }): Promise<FaultProxy> {
  const seen: SeenRequest[] = [];
  let decide: (request: SeenRequest) => Fault | undefined = () => undefined;
  let current = 0;
  let most = 0;
  const server = createServer((incoming, outgoing) => {
    current += 1;
    most = Math.max(most, current);
    outgoing.once('close', () => {
      current -= 1;
    });
    const url = incoming.url ?? '';
    const operation = url.includes('list-type=2')
      ? 'ListObjectsV2'
      : incoming.method === 'GET'
        ? 'GetObject'
        : 'other';
    const request = { operation, url } as const;
    seen.push(request);
    const fault = decide(request);
    if (fault?.kind === 'reset') {
      incoming.socket.destroy();
    } else if (fault?.kind === 'error') {
      answer(outgoing, fault.status, 'application/xml', errorDocument(fault.code), fault.headers);
    } else if (fault?.kind === 'answer') {
      answer(outgoing, fault.status, fault.type, fault.body);
    } else if (fault?.kind !== 'silence') {
      forward(incoming, outgoing, upstream, fault?.kind);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    mostConcurrent: () => most,
    inject: (next) => {
      decide = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: { host: string; port: number },
  fault: 'cut' | 'stall' | undefined,
): void {
  const { method, headers, url } = incoming;
  const onward = request({ ...upstream, method, path: url, headers, agent: false }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders);
    if (fault === undefined) {
      response.pipe(outgoing);
      return;
    }
    response.once('data', (chunk: Buffer) => {
      outgoing.write(chunk.subarray(0, 1), () => {
        if (fault === 'cut') {
          incoming.socket.destroy();
        }
      });
      response.destroy();
    });
  });
  onward.once('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

function answer(
  outgoing: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  outgoing.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    // Clients set their clocks by it, and Node.js's own Date header does not know of a clock that is ahead.
    date: new Date().toUTCString(),
    ...headers,
  });
  outgoing.end(body);
}

function errorDocument(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>injected</Message></Error>`;
}
