import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

/** What a receiver of notifications does with a request. */
export type Reaction = (response: ServerResponse) => void;

/** Accepts the message. */
export const accept: Reaction = (response) => void response.end('ok');
/** Never answers. */
export const hang: Reaction = () => undefined;
/** Answers with this status and these headers. */
export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}): Reaction =>
  (response) =>
    void response.writeHead(status, headers).end('no');
/** Closes the connection without an answer. */
export const cut: Reaction = (response) => void response.destroy();

/** The path of the URL, which no log may show. */
export const secretPath = '/services/T000/B000/canary-of-the-webhook';

/** An HTTP server on the loopback interface that receives notifications. */
export interface Receiver extends AsyncDisposable {
  /** A file with its URL, as a mounted Secret. */
  readonly urlFile: string;
  readonly url: string;
  /** Bodies received so far, accepted or not, parsed. */
  readonly received: readonly Readonly<Record<string, unknown>>[];
  /** What it does with the next requests, in order, and with all that follow the last. */
  react(...reactions: readonly [Reaction, ...Reaction[]]): void;
}

/** Starts a receiver that accepts everything. */
export async function startReceiver(): Promise<Receiver> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory('webhook'));
  const received: Readonly<Record<string, unknown>>[] = [];
  let reactions: readonly Reaction[] = [accept];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      const [reaction = accept, ...rest] = reactions;
      reactions = rest.length > 0 ? rest : [reaction];
      reaction(response);
    });
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  // A TCP server that listens has an address object.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${secretPath}`;
  const urlFile = join(directory.path, 'url');
  await writeFile(urlFile, `${url}\n`);
  return {
    urlFile,
    url,
    received,
    react: (...next) => {
      reactions = next;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
