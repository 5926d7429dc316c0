import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startForwardProxy } from './forward-proxy.ts';
import { poll } from './poll.ts';

test("a port is known as the proxy's for as long as its connection is open: then another may have it", async () => {
  await using proxy = await startForwardProxy();
  const ports: (number | undefined)[] = [];
  const server = createServer((socket) => {
    ports.push(socket.remotePort);
    socket.resume().on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { hostname, port } = new URL(proxy.url);
  const client = connect(Number(port), hostname);
  client.write(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  expect(String((await once(client, 'data'))[0])).toContain('200');
  await poll('the connection', () => ports.length === 1);
  expect(proxy.carries(ports[0])).toBe(true);
  client.destroy();
  await poll('the port to be free', () => !proxy.carries(ports[0]));
  server.close();
});
