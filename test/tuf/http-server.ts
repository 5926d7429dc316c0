import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request; undefined lets the files answer. */
type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A real HTTP server with files in memory: path (percent-encoded, as requested) → bytes. */
export class FileServer {
  readonly files = new Map<string, Uint8Array>();
  /** Paths in the order they were asked for. */
  readonly requests: string[] = [];
  /** Set to answer some requests in another way. */
  intercept: Answer = () => false;
  /** Base URL, with a slash at its end. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(): Promise<FileServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A TCP server's address is always an AddressInfo.
    const { port } = server.address() as AddressInfo;
    const files = new FileServer(server, `http://127.0.0.1:${port}/`);
    server.on('request', (request, response) => files.#answer(request, response));
    return files;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').slice(1);
    this.requests.push(path);
    if (this.intercept(request, response)) {
      return;
    }
    const bytes = this.files.get(path);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  }
}
