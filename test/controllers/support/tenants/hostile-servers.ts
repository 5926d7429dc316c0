import { once } from 'node:events';
import { createServer as createHTTPServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server that harms who talks to it. */
export interface HostileServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** Accepts connections, reads what is sent, and never says a word. */
export async function startHangingServer(): Promise<HostileServer> {
  return listening(createServer((socket) => socket.resume()));
}

/** An S3 server whose listings never end. */
export interface EndlessS3 extends HostileServer {
  /** Pages of files that were asked for so far. */
  readonly pages: number;
}

/**
 * An S3 server whose listings never end: each page names a thousand objects and another page. With a
 * delimiter it lists as many folders. What is read arrives a byte a second.
 *
 * @param pauseMs before each page
 */
export async function startEndlessS3(pauseMs: number): Promise<EndlessS3> {
  let pages = 0;
  const server = await listening(
    createHTTPServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://s3');
      if (searchParams.get('list-type') !== '2') {
        trickle(response);
        return;
      }
      pages += searchParams.has('delimiter') ? 0 : 1;
      setTimeout(() => sendPage(response, searchParams), pauseMs);
    }),
  );
  return {
    ...server,
    get pages() {
      return pages;
    },
  };
}

/** A byte a second: always too soon for a time-out of silence. */
function trickle(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '60000' });
  const timer = setInterval(() => response.write('x'), 1_000);
  response.once('close', () => clearInterval(timer));
}

const namesPerPage = 1_000;

function sendPage(response: ServerResponse, query: URLSearchParams): void {
  const page = Number(query.get('continuation-token') ?? '0');
  const prefix = query.get('prefix') ?? '';
  const names = Array.from({ length: namesPerPage }, (_, at) => `${prefix}${page * namesPerPage + at + 1}`);
  const entries = names.map((name) =>
    query.has('delimiter')
      ? `<CommonPrefixes><Prefix>${name}/</Prefix></CommonPrefixes>`
      : `<Contents><Key>${name}.root.json</Key><Size>500</Size><LastModified>2030-01-01T00:00:00Z</LastModified></Contents>`,
  );
  response.writeHead(200, { 'content-type': 'application/xml' });
  response.end(
    `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${page + 1}</NextContinuationToken>${entries.join('')}</ListBucketResult>`,
  );
}

async function listening(server: Server): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  const host = '127.0.0.1';
  server.listen(0, host);
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    host,
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
      await once(server, 'close').catch(() => undefined);
    },
  };
}
