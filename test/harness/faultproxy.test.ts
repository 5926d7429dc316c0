import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { startFaultProxy } from './faultproxy.ts';
import { poll } from './poll.ts';

/** A server that sends back what it gets. */
async function startEcho(): Promise<
  AsyncDisposable & { readonly port: number; readonly sockets: Set<Socket> }
> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // A server that listens on TCP has an address with a port.
    port: (server.address() as AddressInfo).port,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}

const clients = new Set<Socket>();
afterEach(() => {
  for (const client of clients) {
    client.destroy();
  }
  clients.clear();
});

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  clients.add(socket);
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket, words: string): Promise<string> {
  socket.write(words);
  const [answer] = await once(socket, 'data');
  return String(answer);
}

describe('fault proxy', () => {
  test('passes everything through, ends included, and counts it', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    const client = await dial(proxy.port);
    const large = 'x'.repeat(3_000_000);
    client.end(large);
    expect(await text(client)).toBe(large);
    expect(proxy.traffic).toMatchObject({
      connections: 1,
      bytesToServer: 3_000_000,
      bytesToClient: 3_000_000,
    });
    await poll('the connection to be closed', () => proxy.traffic.open === 0);
  });

  test('delays an answer by at least the given time', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    const client = await dial(proxy.port);
    await proxy.inject({ kind: 'delay', ms: 150, direction: 'toClient' });
    const began = performance.now();
    expect(await ask(client, 'hello')).toBe('hello');
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  });

  test('lets no more than the bandwidth through', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    await proxy.inject({ kind: 'bandwidth', bytesPerSecond: 10_000, direction: 'toServer' });
    const client = await dial(proxy.port);
    const began = performance.now();
    client.end('x'.repeat(3_000));
    expect((await text(client)).length).toBe(3_000);
    expect(performance.now() - began).toBeGreaterThanOrEqual(250);
  });

  test('keeps silent in a black hole and hands everything on once it is healed', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    const client = await dial(proxy.port);
    expect(await ask(client, 'before')).toBe('before');
    await proxy.inject({ kind: 'blackHole' });
    const silent = await dial(proxy.port);
    let heard = '';
    silent.on('data', (chunk) => {
      heard += String(chunk);
    });
    silent.end('during');
    const answer = ask(client, 'also during');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toBe('');
    expect(silent.readableEnded).toBe(false);
    await proxy.heal();
    expect(await answer).toBe('also during');
    await poll('the held bytes', () => heard === 'during');
  });

  test('holds one direction of one connection from a text on, until it is healed', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    const [client, other] = [await dial(proxy.port), await dial(proxy.port)];
    await proxy.inject({ kind: 'hold', text: 'lock', direction: 'toServer' });
    expect(await ask(client, 'before')).toBe('before');
    const answer = ask(client, 'a lock');
    expect(await ask(other, 'after')).toBe('after');
    expect(proxy.traffic.bytesToServer).toBe('before'.length + 'after'.length);
    await proxy.heal();
    expect(await answer).toBe('a lock');
  });

  test('cuts the answer in good order after the given number of bytes', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    await proxy.inject({ kind: 'cut', afterBytes: 7, direction: 'toClient' });
    const client = await dial(proxy.port);
    client.write('a long message');
    expect(await text(client)).toBe('a long ');
  });

  test('resets after the given number of bytes', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    await proxy.inject({ kind: 'reset', afterBytes: 4, direction: 'toServer' });
    const client = await dial(proxy.port);
    client.write('a long message');
    await expect(text(client)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(proxy.traffic.bytesToServer).toBe(4);
  });

  test('refuses connections, breaks the open ones, and accepts again once it is healed', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    const client = await dial(proxy.port);
    const broken = expect(text(client)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await proxy.inject({ kind: 'refuse' });
    await broken;
    await expect(dial(proxy.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.heal();
    expect(await ask(await dial(proxy.port), 'again')).toBe('again');
  });

  test('gives faults to the next connections only', async () => {
    await using echo = await startEcho();
    await using proxy = await startFaultProxy(echo);
    proxy.injectNext(1, { kind: 'cut', afterBytes: 0, direction: 'toServer' });
    const first = await dial(proxy.port);
    first.write('lost');
    expect(await text(first)).toBe('');
    expect(await ask(await dial(proxy.port), 'well')).toBe('well');
  });

  test('shows the client an unreachable server as a reset connection', async () => {
    await using proxy = await startFaultProxy({ port: 1 });
    const client = await dial(proxy.port);
    await expect(text(client)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
