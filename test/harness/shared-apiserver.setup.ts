import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type APIServer, startAPIServer } from './apiserver.ts';

/**
 * Vitest's global set-up: waits in the run's main process to be asked for an API server, starts ONE, and
 * tells every test file where it is. Test files are processes of their own, and only the main process
 * outlives them all.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<APIServer> | undefined;
  const server = createServer((_request, response) => {
    started ??= startAPIServer();
    started.then(
      ({ address }) => response.end(JSON.stringify(address)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  project.provide('sharedAPIServerURL', `http://127.0.0.1:${port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await (await started?.catch(() => undefined))?.stop();
  };
}
