import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOWEST = 12_000;
const HIGHEST = 32_000;
const ATTEMPTS = 100;

/**
 * A TCP port of 127.0.0.1 on which nothing listens. Ports are drawn at random from below the range that
 * systems hand to outgoing connections (32768 and up on Linux, 49152 and up on macOS): a port that the system
 * itself picked can go to an outgoing connection of any process before the server that wants it has started.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) {
      return port;
    }
  }
  throw new Error(`No free TCP port between ${LOWEST} and ${HIGHEST} after ${ATTEMPTS} attempts.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
