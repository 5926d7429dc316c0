import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where to listen. Port 0: any free one. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** How much time a client gets, in milliseconds. Whoever takes longer is answered 408 and disconnected. */
export interface ClientTimeouts {
  readonly headers: number;
  /** For the whole request, body included. */
  readonly request: number;
}

/** Defaults of {@link ClientTimeouts}. */
const DEFAULT_CLIENT_TIMEOUTS: ClientTimeouts = { headers: 10_000, request: 15_000 };

/** Longer than proxies keep idle connections (60 s is common), so that they and not we close one that is about to be used. */
const KEEP_ALIVE_MS = 75_000;

/** A listening server that can be drained. */
export class HTTPServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(
    listener: RequestListener,
    { host, port }: ListenAddress,
    timeouts: ClientTimeouts = DEFAULT_CLIENT_TIMEOUTS,
  ): Promise<HTTPServer> {
    const server = createServer(
      {
        maxHeaderSize: 16 * 1024, // more is answered 431
        headersTimeout: timeouts.headers,
        requestTimeout: timeouts.request,
        connectionsCheckingInterval: Math.min(1_000, timeouts.headers),
        keepAliveTimeout: KEEP_ALIVE_MS,
        requireHostHeader: true,
        insecureHTTPParser: false,
      },
      listener,
    );
    server.listen({ host, port });
    await once(server, 'listening');
    return new HTTPServer(server);
  }

  get port(): number {
    // A TCP server that listens has an address object; a string is a pipe's, null a closed server's.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no new connections, lets requests finish for at most `graceMs`, then cuts them off. */
  async drain(graceMs: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cutOff = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(cutOff);
  }
}
