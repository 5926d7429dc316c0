import { randomInt } from 'node:crypto';
import { createServer, type ListenOptions, type Server } from 'node:net';

const LOWEST = 12_000;
const HIGHEST = 32_000;
/** From the port of a Redis in Cluster mode to that of its bus. */
const BUS_OFFSET = 10_000;
const ATTEMPTS = 100;

const claims = new Map<number, Server | undefined>();

/**
 * A TCP port of 127.0.0.1 on which nothing listens, and which no other process gets from here while this one
 * lives: the server it is for may start later, and may stop and start again. Ports are drawn at random from
 * below the range that systems hand to outgoing connections (32768 and up on Linux, 49152 and up on macOS): a
 * port that the system itself picked can go to an outgoing connection of any process before the server that
 * wants it has started.
 */
export function freePort(): Promise<number> {
  return draw(HIGHEST, [0]);
}

/** A free port for a Redis in Cluster mode: the port of its bus, 10,000 above, is free as well. */
export function freeClusterPort(): Promise<number> {
  return draw(HIGHEST - BUS_OFFSET, [0, BUS_OFFSET]);
}

async function draw(highest: number, offsets: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, highest);
    if (await takeAll(offsets.map((offset) => port + offset))) {
      return port;
    }
  }
  throw new Error(`No free TCP port between ${LOWEST} and ${highest} after ${ATTEMPTS} attempts.`);
}

async function takeAll(ports: readonly number[]): Promise<boolean> {
  const taken: number[] = [];
  for (const port of ports) {
    if (!(await take(port))) {
      taken.forEach(release);
      return false;
    }
    taken.push(port);
  }
  return true;
}

async function take(port: number): Promise<boolean> {
  if (!(await claim(port))) {
    return false;
  }
  const probe = await listening({ port, host: '127.0.0.1' });
  if (!probe) {
    release(port);
    return false;
  }
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return true;
}

/**
 * A claim is a Unix socket with an abstract name: like ports, these names belong to the network namespace,
 * and they go when their process goes, however it ends. Only Linux has them; elsewhere the claim holds within
 * this process.
 */
async function claim(port: number): Promise<boolean> {
  if (claims.has(port)) {
    return false;
  }
  claims.set(port, undefined);
  if (process.platform !== 'linux') {
    return true;
  }
  const server = await listening({ path: `\0tuf-recovery-port-${port}` });
  if (server) {
    claims.set(port, server.unref());
    return true;
  }
  claims.delete(port);
  return false;
}

function release(port: number): void {
  claims.get(port)?.close();
  claims.delete(port);
}

/** A server that listens, or undefined where another one does. */
function listening(options: ListenOptions): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ ...options, exclusive: true }, () => resolve(server));
  });
}
