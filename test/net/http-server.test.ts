import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { HTTPServer, type ServerLimits } from '../../src/net/http-server.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function serve(listener: RequestListener, limits: Partial<ServerLimits> = {}) {
  const server = await HTTPServer.listen(listener, { host: '127.0.0.1', port: 0 }, limits);
  const sockets: Socket[] = [];
  const openFrom = async (localAddress: string, ...pieces: readonly string[]) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
    sockets.push(socket);
    let text = '';
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    for (const piece of pieces) {
      socket.write(piece);
    }
    return {
      socket,
      closed,
      read: () => {
        socket.on('data', (chunk) => {
          text += String(chunk);
        });
      },
      text: () => text,
      statuses: () => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1]),
    };
  };
  return {
    server,
    /** A connection that reads nothing until it is asked for what it has got. */
    open: (...pieces: readonly string[]) => openFrom('127.0.0.1', ...pieces),
    openFrom,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await server.drain(0);
    },
  };
}

const ok: RequestListener = (_req, res) => res.end('ok');

/** How many requests are parsed until a connection that sends 100 kB of such ones is cut off. */
async function parsedOf(it: Awaited<ReturnType<typeof serve>>, request: string): Promise<number> {
  let parsed = 0;
  const count = (): void => {
    parsed += 1;
  };
  subscribe('http.server.request.start', count);
  const client = await it.open(request.repeat(Math.ceil(100_000 / request.length)));
  client.read();
  await client.closed;
  unsubscribe('http.server.request.start', count);
  return parsed;
}

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('requests that come before earlier ones are answered', () => {
  test('are answered in order, one at a time', async () => {
    let now = 0;
    let most = 0;
    const slow: RequestListener = (req, res) => {
      now += 1;
      most = Math.max(most, now);
      setImmediate(() => {
        now -= 1;
        res.end(req.url);
      });
    };
    await using it = await serve(slow);
    const paths = Array.from({ length: 6 }, (_, index) => `/${index}`);
    const client = await it.open(paths.map((path) => GET.replace('/ ', `${path} `)).join(''));
    client.read();
    await poll('six answers', () => client.statuses().length === 6);
    expect(most).toBe(1);
  });

  test('arrive whole, however long their header lines are and whatever their bodies look like', async () => {
    const echo: RequestListener = async (req, res) => {
      let body = '';
      for await (const chunk of req) {
        body += String(chunk);
      }
      res.end(`<${req.headers['x-filler']?.length} ${body.length}>`);
    };
    await using it = await serve(echo);
    const client = await it.open();
    client.read();
    const lengths = [...range(150, 190), 4_000];
    const bodies = [0, 1, 2, 70, 600].map((count) => '\r\n\r\n'.repeat(count));
    for (const [index, length] of lengths.entries()) {
      const body = bodies[index % bodies.length] ?? '';
      const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nX-Filler: ${'x'.repeat(length)}\r\n\r\n${body}`;
      client.socket.write(`${GET}${post}${GET}`);
      const answers = () => client.text().match(/<.*?>/g) ?? [];
      await poll('its answers', () => answers().length === 3 * (index + 1), { intervalMs: 1 });
      expect(answers().slice(-3)).toEqual(['<undefined 0>', `<${length} ${body.length}>`, '<undefined 0>']);
    }
  });

  test('are bounded: 20,000 of them on a connection that reads nothing are neither served nor kept', async () => {
    let served = 0;
    const never: RequestListener = () => {
      served += 1;
    };
    await using it = await serve(never);
    const clients = await Promise.all(Array.from({ length: 12 }, () => it.open(GET.repeat(20_000))));
    await Promise.all(clients.map(({ closed }) => closed));
    expect(served).toBe(12);
    // The server is none the worse for it.
    const client = await it.open(GET);
    await poll('one more to be served', () => served === 13);
    expect(client.socket.destroyed).toBe(false);
  });

  test.each([GET.length, 100, 254, 256, 258, 300, 3_000])(
    'are not even parsed beyond a few, where each has %i bytes',
    async (bytes) => {
      await using it = await serve(() => undefined);
      const longer = GET.replace(': x', `: ${'x'.repeat(bytes - GET.length + 1)}`);
      expect(longer).toHaveLength(bytes);
      // One is served, eight wait, the next one cuts the connection off.
      expect(await parsedOf(it, `${GET.repeat(3)}${longer}`)).toBe(10);
    },
  );

  test.each([
    ['with a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nGET / HT'],
    [
      'with a body in chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n',
    ],
    ['before CONNECT', `${GET.repeat(10)}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`],
  ])('nor are requests %s', async (_what, request) => {
    await using it = await serve(() => undefined);
    expect(await parsedOf(it, request)).toBe(10);
  });

  test('nor is more than one beyond the last that a connection may send', async () => {
    const later: RequestListener = (_req, res) => setImmediate(() => res.end('ok'));
    await using it = await serve(later, { requestsPerConnection: 2 });
    expect(await parsedOf(it, GET)).toBe(3);
  });
});

test('a process with 40 MB of heap outlives 200 connections that pipeline 20,000 requests each and read nothing', async () => {
  await using program = await startProcess({
    name: 'server',
    command: process.execPath,
    args: ['--max-old-space-size=40', `${import.meta.dirname}/fixtures/server.program.ts`],
  });
  const port = await poll('the server to listen', async () => {
    return Number(/listening on (\d+)/.exec(await program.log())?.[1] ?? 0) || undefined;
  });
  const url = `http://127.0.0.1:${port}`;
  const count = async (path: string): Promise<number> => Number(await (await fetch(`${url}${path}`)).text());
  const sockets = Array.from({ length: 200 }, () => {
    const socket = connect(port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(GET.repeat(20_000));
    return socket;
  });
  await poll(
    'all of them to be cut off',
    async () => (await count('/accepted')) >= 200 && (await count('/open')) < 10,
  );
  for (const socket of sockets) {
    socket.destroy();
  }
});

test('a client that does not read its answer is cut off; one that reads slowly is not', async () => {
  const large: RequestListener = (_req, res) => res.end(Buffer.alloc(32 * 1024 * 1024));
  await using it = await serve(large, { answerMs: 300 });
  const stuck = await it.open(GET);
  await poll('the server to give up', () => it.server.connections === 0);
  stuck.read();
  await stuck.closed;
  const reader = await it.open(GET);
  reader.read();
  await poll('the answer', () => reader.statuses().length === 1);
});

test('when all connections are taken, a new one replaces the one that was idle longest', async () => {
  await using it = await serve(ok, { connections: 3 });
  const idle = [await it.open(), await it.open(), await it.open()];
  await poll('all to be accepted', () => it.server.connections === 3);
  const late = await it.open(GET);
  late.read();
  await poll('an answer', () => late.statuses().length === 1);
  await idle[0]?.closed;
  expect(idle.slice(1).map(({ socket }) => socket.destroyed)).toEqual([false, false]);
});

test('a flood of one address replaces its own connections, whether idle or not read, and not those of another', async () => {
  const cutOff: string[] = [];
  const large: RequestListener = (req, res) => {
    res.once('close', () => cutOff.push(String(req.url)));
    res.end(Buffer.alloc(32 * 1024 * 1024));
  };
  await using it = await serve(large, { connections: 5, answerMs: 600_000 });
  const other = await it.open();
  await it.openFrom('127.0.0.2', GET.replace('/ ', '/unread '));
  await poll('its answer to be made', () => it.server.busyConnections === 1);
  const idle = await Promise.all([1, 2, 3].map(() => it.openFrom('127.0.0.2')));
  await poll('all to be accepted', () => it.server.connections === 5);
  for (const { closed } of idle) {
    await it.openFrom('127.0.0.2', GET.replace('/ ', '/late '));
    await closed;
  }
  await poll('all but one to be served', () => it.server.busyConnections === 4);
  await it.openFrom('127.0.0.2');
  await poll('the oldest to be cut off', () => cutOff.length === 1);
  expect(cutOff).toEqual(['/unread']);
  expect(other.socket.destroyed).toBe(false);
});

test('connections that are being served are not replaced', async () => {
  await using it = await serve(() => undefined, { connections: 2 });
  const busy = [await it.open(GET), await it.open(GET)];
  await poll('both to be served', () => it.server.busyConnections === 2);
  const refused = await it.open(GET);
  refused.read();
  await refused.closed;
  expect(refused.statuses()).toEqual([]);
  expect(busy.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
});

test('a connection is closed after so many requests, with an answer to the last', async () => {
  await using it = await serve(ok, { requestsPerConnection: 3 });
  const client = await it.open();
  client.read();
  for (let request = 1; request <= 3; request += 1) {
    client.socket.write(GET);
    await poll('the answer', () => client.statuses().length === request);
  }
  await client.closed;
  expect(client.statuses()).toEqual(['200', '200', '200']);
});

test('a client that never ends its headers, or never begins, is cut off', async () => {
  await using it = await serve(ok, { headersMs: 200 });
  const clients = [await it.open(), await it.open('GET / HTTP/1.1\r\nX: ')];
  for (const { read, closed } of clients) {
    read();
    await closed;
  }
});

test.each([
  ['that is taken', '127.0.0.1', 'another program listens there'],
  ['of no interface', '192.0.2.1', 'no network interface has this address'],
])('an address %s is reported in a sentence, not as a bug', async (_what, host, because) => {
  await using taken = await serve(() => undefined);
  const { port } = taken.server;
  await expect(HTTPServer.listen(() => undefined, { host, port })).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining(`Can't listen on ${host}:${port}: ${because}`),
  });
});
