import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy on loopback. Every host it is asked for is this machine, so that names need no DNS. */
export interface ForwardProxy extends AsyncDisposable {
  readonly url: string;
  /** What was asked for, in order: `CONNECT host:port`, or `GET http://host:port/…`. */
  readonly requests: string[];
  /** Whether an open connection that a server sees came through this proxy, by the port it comes from. */
  carries(remotePort: number | undefined): boolean;
}

/** Starts a proxy that tunnels (CONNECT) and forwards (absolute-form requests), as squid does. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const requests: string[] = [];
  const carried = new Set<number>();
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    forward(request, response);
  });
  server.on('connect', (request, client: Socket) => {
    requests.push(`CONNECT ${request.url}`);
    const upstream = connect(Number(new URL(`http://${request.url}`).port), '127.0.0.1', () => {
      // A connected socket has an address with a port.
      const { port } = upstream.address() as AddressInfo;
      carried.add(port);
      // The next connection from there may be a direct one.
      upstream.on('close', () => carried.delete(port));
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has an address with a port.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    carries: (port) => port !== undefined && carried.has(port),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function forward(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '');
  const upstream = send(
    {
      host: '127.0.0.1',
      port: url.port,
      method: request.method,
      path: url.pathname + url.search,
      headers: request.headers,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on('error', () => response.destroy());
  request.pipe(upstream);
}
