import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execute } from '../../demo/execute.ts';

/** A Git server that every client may clone from, until it is disposed of. */
export interface GitServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/` and the path below the root. */
  readonly url: string;
}

/**
 * Serves the repositories below a directory over HTTP, as Git's own program answers (gitprotocol-http, RFC
 * 3875).
 *
 * @param root absolute path
 */
export async function serveGit(root: string): Promise<GitServer> {
  const program = join((await execute('git', ['--exec-path'])).trim(), 'git-http-backend');
  const server = createServer((request, response) => answer(program, root, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address of this type.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(program: string, root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn(program, {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      PATH_INFO: url.pathname,
      QUERY_STRING: url.searchParams.toString(),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('close', () => respond(Buffer.concat(chunks), response));
}

/** Turns what a CGI program wrote into an HTTP answer. */
function respond(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf('\r\n\r\n');
  for (const line of output.subarray(0, end).toString('latin1').split('\r\n')) {
    const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
    if (name.toLowerCase() === 'status') {
      response.statusCode = Number.parseInt(value, 10);
    } else if (name !== '') {
      response.setHeader(name, value);
    }
  }
  response.end(output.subarray(end + 4));
}
