import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LoginTokens } from '../../src/controllers/refresh/login-tokens.ts';
import { ServerAPI } from '../../src/controllers/refresh/server-api.ts';
import { targetResolver } from '../../src/controllers/target-connection/target-rules.ts';
import type { HostResolver } from '../../src/net/dial.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import type { RedisEndpoint } from '../../src/redis/endpoint.ts';
import { readServerRefusal } from '../../src/redis/greeting.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { listAll } from '../harness/list-all.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type SentinelTopology, startSentinels } from '../harness/sentinel.ts';

const metadataService = '169.254.169.254';
const loopback = '127.0.0.1';
const never = new AbortController().signal;

let redis: RedisServer;
let s3: S3Server;
let sentinels: SentinelTopology;
let apiServer: Server;
let apiPort: number;
let reached = 0;

beforeAll(async () => {
  redis = await startRedis();
  s3 = await startS3({ buckets: ['updates'] });
  sentinels = await startSentinels();
  apiServer = createServer((socket) => {
    reached += 1;
    socket.destroy();
  }).listen(0, loopback);
  await once(apiServer, 'listening');
  // A server that listens on TCP has an address with a port.
  ({ port: apiPort } = apiServer.address() as AddressInfo);
});

afterAll(async () => {
  apiServer?.close();
  await sentinels?.stop();
  await s3?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  reached = 0;
});

/** DNS that answers with each of these addresses in turn, for any name, and then with the last one. */
function names(...addresses: readonly string[]): HostResolver {
  let asked = 0;
  const dns: HostResolver = async (host) => {
    const isAddress = /^[\d.]+$/.test(host);
    const address = isAddress ? host : (addresses[Math.min(asked++, addresses.length - 1)] ?? loopback);
    return [{ address, family: 4 }];
  };
  return targetResolver(
    { podNamespace: undefined, ambientNamespaces: [], apiServer: () => ({ host: loopback, port: apiPort }) },
    dns,
  );
}

function standalone(resolve: HostResolver, port: number, tls = false): RedisEndpoint {
  const location = { kind: 'standalone', address: { host: 'redis.test', port } } as const;
  return { location, resolve, ...(tls && { tls: {} }) };
}

function behind(resolve: HostResolver, master: string): RedisEndpoint {
  const named = sentinels.sentinels.map(({ port }) => ({ host: 'sentinel.test', port }));
  return { location: { kind: 'sentinel', sentinels: named, master }, resolve };
}

/** Opens a connection to Redis and asks something. */
async function ping(endpoint: RedisEndpoint): Promise<unknown> {
  const connection = new RedisConnection(endpoint);
  try {
    const [reply] = await connection.exchange([['PING']]);
    return reply;
  } finally {
    connection.close();
  }
}

async function tellSentinels(...command: readonly string[]): Promise<void> {
  for (const sentinel of sentinels.sentinels) {
    const client = new Redis({ ...sentinel });
    await client.call('SENTINEL', ...command);
    client.disconnect();
  }
}

async function list(endpoint: string, forcePathStyle: boolean, resolve: HostResolver): Promise<unknown> {
  const { credentials, region } = s3;
  const bucket = await S3Bucket.open({
    bucket: 'updates',
    access: { credentials: { kind: 'static', ...credentials }, endpoint, region, forcePathStyle, resolve },
  });
  try {
    return await listAll(bucket.source('app/'));
  } finally {
    bucket.destroy();
  }
}

async function askServer(url: string, resolve: HostResolver): Promise<unknown> {
  const credentials = { kind: 'secret', secret: 'x'.repeat(32) } as const;
  const api = new ServerAPI({
    ...{ url: new URL(url), ca: undefined, proxy: DIRECT, resolve, credentials },
    logins: new LoginTokens(),
    now: () => new Date(),
  });
  return api.task('alice', 'task', never);
}

const refused = /is (?:a link-local or metadata address|the API server), which no target may name/;

describe('every connection that a target asks for goes to the addresses that were checked for it', () => {
  test('of Redis', async () => {
    expect(await ping(standalone(names(loopback), redis.port))).toEqual({ value: 'PONG' });
    const terminal = { code: 'InvalidReference', message: expect.stringMatching(refused) };
    await expect(ping(standalone(names(metadataService), redis.port))).rejects.toMatchObject(terminal);
    await expect(ping(standalone(names(metadataService), redis.port, true))).rejects.toMatchObject(terminal);
    await expect(ping(standalone(names(loopback), apiPort))).rejects.toMatchObject(terminal);
  });

  test('of Redis, when a name resolves to something else than a moment ago', async () => {
    const resolve = names(loopback, metadataService);
    expect(await ping(standalone(resolve, redis.port))).toEqual({ value: 'PONG' });
    await expect(ping(standalone(resolve, redis.port))).rejects.toMatchObject({ code: 'InvalidReference' });
  });

  test('of Redis, when it is asked why it hung up', async () => {
    expect(await readServerRefusal(standalone(names(loopback), apiPort))).toBeUndefined();
    expect(reached).toBe(0);
  });

  test('of Sentinel, and of the primary that Sentinel names', async () => {
    expect(await ping(behind(names(loopback), sentinels.name))).toEqual({ value: 'PONG' });
    await expect(ping(behind(names(metadataService), sentinels.name))).rejects.toMatchObject({
      code: 'InvalidReference',
    });
    for (const [master, host, port] of [
      ['api', loopback, apiPort],
      ['metadata', metadataService, 80],
    ] as const) {
      await tellSentinels('MONITOR', master, host, String(port), '2');
      await expect(ping(behind(names(loopback), master))).rejects.toMatchObject({
        code: 'InvalidReference',
        message: expect.stringMatching(refused),
      });
      // They connect to what they watch.
      await tellSentinels('REMOVE', master);
    }
  });

  test('of S3', async () => {
    const endpoint = `http://store.test:${s3.port}`;
    const resolve = names(loopback, metadataService);
    expect(await list(endpoint, true, resolve)).toEqual([]);
    const terminal = { code: 'InvalidReference', message: expect.stringMatching(refused) };
    await expect(list(endpoint, true, resolve)).rejects.toMatchObject(terminal);
    await expect(list(endpoint.replace('http', 'https'), true, resolve)).rejects.toMatchObject(terminal);
    await expect(list(`http://store.test:${apiPort}`, true, names(loopback))).rejects.toMatchObject(terminal);
    expect(reached).toBe(0);
  });

  test('of S3, when the bucket is a part of the host', async () => {
    const asked: string[] = [];
    const resolve = names(metadataService);
    const endpoint = `http://store.test:${s3.port}`;
    const noted: HostResolver = (host, port) => {
      asked.push(host);
      return resolve(host, port);
    };
    await expect(list(endpoint, false, noted)).rejects.toMatchObject({ code: 'InvalidReference' });
    expect(asked).toEqual(['updates.store.test']);
  });

  test("of the server's API, where a token is sent to", async () => {
    for (const url of [`http://server.test:${apiPort}`, `https://server.test:${apiPort}`]) {
      await expect(askServer(url, names(loopback))).rejects.toThrow(refused);
    }
    await expect(askServer('http://server.test', names(metadataService))).rejects.toThrow(refused);
    expect(reached).toBe(0);
  });
});
