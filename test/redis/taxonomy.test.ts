import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, RecoveryError, TerminalError, TransientError } from '../../src/errors.ts';
import { type RedisEndpoint, redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { redisError } from '../../src/redis/errors.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import type { StateStore } from '../../src/redis/state-store.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { freePort } from '../harness/free-port.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

const never = new AbortController().signal;
const lock = { key: 'lock', owner: 'me', ttlMs: 60_000 };

/** What a store at this endpoint fails with when it does `use`. */
async function failure(
  endpoint: string | RedisEndpoint,
  use: (store: StateStore) => Promise<unknown> = (store) => store.observe(['a', 'b'], never),
): Promise<RecoveryError> {
  const store = new RedisStateStore(typeof endpoint === 'string' ? redisEndpointFromURL(endpoint) : endpoint);
  try {
    await use(store);
  } catch (error) {
    if (error instanceof RecoveryError) {
      return error;
    }
    throw error;
  } finally {
    await store.close();
  }
  throw new Error('It did not fail.');
}

const locking = (store: StateStore) => store.lock(lock, [], { replaceWrongType: false, signal: never });

const CLUSTERED = [['cluster-enabled', 'yes']] as const;

function expectTerminal(error: RecoveryError, code: ErrorCode): void {
  expect(error).toBeInstanceOf(TerminalError);
  expect(error.code).toBe(code);
}

function expectTransient(error: RecoveryError, code: ErrorCode): void {
  expect(error).toBeInstanceOf(TransientError);
  expect(error.code).toBe(code);
}

describe('each way a Redis can refuse has its own code', () => {
  test('no process listens: transient', async () => {
    const error = await failure(`redis://127.0.0.1:${await freePort()}`);
    expectTransient(error, 'RedisUnreachable');
    expect(error.message).toMatch(
      /^Redis at 127\.0\.0\.1:\d+ can't be reached \(ECONNREFUSED\)\. Check address/,
    );
  });

  test('a password is wanted and none given', async () => {
    await using redis = await startRedis({ password: 'secret' });
    expectTerminal(await failure(redis.url.replace(':secret@', '')), 'RedisAuthRequired');
  });

  test('the password is wrong, and no message repeats it', async () => {
    await using redis = await startRedis({ password: 'secret' });
    const error = await failure(redis.url.replace('secret', 'Wr0ng-one'));
    expectTerminal(error, 'RedisWrongPassword');
    expect(error.message).not.toContain('Wr0ng-one');
    expect(error.message).toContain('127.0.0.1');
  });

  test('the user may not run a command, or touch a key', async () => {
    await using redis = await startRedis({
      users: ['user few on >s ~a +eval +eval_ro +mget +pttl +type', 'user none on >s ~* +ping'],
    });
    expectTerminal(await failure(redis.url.replace('redis://', 'redis://none:s@')), 'RedisNoPermission');
    expectTerminal(await failure(redis.url.replace('redis://', 'redis://few:s@')), 'RedisNoPermission');
  });

  test('the user may not select the database: never continues in database 0', async () => {
    await using redis = await startRedis({ users: ['user app on >s ~* +@all -select'] });
    expectTerminal(
      await failure(redis.url.replace('redis://', 'redis://app:s@').concat('/3')),
      'RedisNoPermission',
    );
    expect(await (await redis.client()).dbsize()).toBe(0);
  });

  test('it is a replica', async () => {
    await using redis = await startRedis();
    await using replica = await startRedis({ replicaOf: redis });
    await expect
      .poll(async () =>
        (await (await replica.client()).info('replication')).includes('master_link_status:up'),
      )
      .toBe(true);
    expectTerminal(await failure(replica.url, locking), 'RedisReadOnly');
  });

  test('it has reached maxmemory', async () => {
    await using redis = await startRedis({ config: [['maxmemory', '1']] });
    expectTerminal(await failure(redis.url, locking), 'RedisOutOfMemory');
  });

  test('it cannot write its snapshot', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tuf-recovery-misconf-'));
    await using redis = await startRedis({
      config: [
        ['dir', directory],
        ['save', '3600 1'],
      ],
    });
    const client = await redis.client();
    await rm(directory, { recursive: true });
    await client.set('a', '1');
    await client.bgsave();
    await expect
      .poll(async () => (await client.info('persistence')).includes('rdb_last_bgsave_status:err'))
      .toBe(true);
    expectTerminal(await failure(redis.url, locking), 'RedisPersistenceFailed');
  });

  test('it is a cluster, as INFO says', async () => {
    await using redis = await startRedis({ config: CLUSTERED });
    expectTerminal(await failure(redis.url), 'RedisClusterUnsupported');
  });

  test('it is a cluster, as CROSSSLOT says where INFO is not allowed', async () => {
    await using redis = await startRedis({
      config: CLUSTERED,
      users: ['user app on >s ~* +@all -info'],
    });
    expectTerminal(await failure(redis.url.replace('redis://', 'redis://app:s@')), 'RedisClusterUnsupported');
  });

  test('it is loading its data: transient', async () => {
    await using redis = await startRedis({
      config: [
        ['enable-debug-command', 'local'],
        ['key-load-delay', '1000'],
        ['loading-process-events-interval-bytes', '1024'],
      ],
    });
    const client = await redis.client();
    await client.mset(new Map(Array.from({ length: 4_000 }, (_, i) => [`key-${i}`, 'x'.repeat(100)])));
    client.call('DEBUG', 'RELOAD').catch(() => undefined);
    await expect
      .poll(() => failure(redis.url).catch(() => undefined), { interval: 5 })
      .toMatchObject({ code: 'RedisLoading' });
    expect(await failure(redis.url).catch(() => undefined)).toSatisfy(
      (error) => error === undefined || error instanceof TransientError,
    );
    await redis.process.kill();
  });

  test('it gives no answer: transient', async () => {
    await using redis = await startRedis();
    await using proxy = await startFaultProxy(redis);
    const endpoint = {
      ...redisEndpointFromURL(redis.url.replace(String(redis.port), String(proxy.port))),
      commandTimeoutMs: 300,
    };
    await proxy.inject({ kind: 'blackHole' });
    expectTransient(await failure(endpoint), 'RedisTimeout');
  });

  test('the connection is cut before the answer: transient', async () => {
    await using redis = await startRedis();
    await using proxy = await startFaultProxy(redis);
    await proxy.inject({ kind: 'cut', afterBytes: 10, direction: 'toClient' });
    expectTransient(
      await failure(redis.url.replace(String(redis.port), String(proxy.port))),
      'RedisUnreachable',
    );
  });

  test('something else answers', async () => {
    const port = await freePort();
    const server = createServer((socket) => socket.on('data', () => socket.write('+hello\r\n+world\r\n')));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    expectTerminal(await failure(`redis://127.0.0.1:${port}`), 'RedisUnexpectedReply');
    server.close();
  });
});

test("an aborted observation rejects with the signal's reason", async () => {
  await using redis = await startRedis();
  await using proxy = await startFaultProxy(redis);
  const store = new RedisStateStore(
    redisEndpointFromURL(redis.url.replace(String(redis.port), String(proxy.port))),
  );
  await store.observe(['a'], never);
  await proxy.inject({ kind: 'blackHole' });
  const controller = new AbortController();
  const observed = store.observe(['a'], controller.signal);
  const reason = new TransientError('Aborted', 'shutdown');
  controller.abort(reason);
  await expect(observed).rejects.toBe(reason);
  await store.close();
});

test('without INFO the facts are withheld, and that is said instead of failing', async () => {
  await using redis = await startRedis({ users: ['user app on >s ~* +@all -info'] });
  const store = new RedisStateStore(redisEndpointFromURL(redis.url.replace('redis://', 'redis://app:s@')));
  const { server } = await store.observe(['a'], never);
  expect(server).toMatchObject({
    version: undefined,
    role: undefined,
    warnings: [{ code: 'RedisFactsWithheld' }],
  });
  await store.close();
});

test('eviction, missing persistence and a replica without its primary are warnings', async () => {
  await using redis = await startRedis({
    config: [
      ['maxmemory-policy', 'allkeys-lru'],
      ['replicaof', `127.0.0.1 ${await freePort()}`],
    ],
  });
  const { warnings, role } = await serverFacts(redis);
  expect(role).toBe('replica');
  expect(warnings.map(({ code }) => code)).toEqual([
    'RedisEvictsKeys',
    'RedisNotPersistent',
    'RedisReplicaWithoutMaster',
  ]);
  await using sound = await startRedis({
    config: [
      ['appendonly', 'yes'],
      ['maxmemory-policy', 'volatile-lru'],
    ],
  });
  expect((await serverFacts(sound)).warnings).toEqual([]);
});

async function serverFacts(redis: RedisServer) {
  const store = new RedisStateStore(redisEndpointFromURL(redis.url));
  const facts = await store.facts(never);
  await store.close();
  return facts;
}

describe('a Redis that hangs up says why', () => {
  test('it has as many clients as it takes', async () => {
    await using redis = await startRedis({ config: [['maxclients', '1']] });
    // The harness' own look whether it is up may not have left yet.
    await poll('the only client to be let in', () => redis.client());
    const store = new RedisStateStore(redisEndpointFromURL(redis.url));
    await expect(store.observe(['a'], never)).rejects.toMatchObject({
      code: 'RedisUnreachable',
      message: expect.stringContaining('max number of clients reached'),
    });
    await store.close();
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

  test.skipIf(outside === undefined)(
    'it runs in protected mode (needs an address besides loopback)',
    async () => {
      await using redis = await startRedis({ config: [['bind', '0.0.0.0']] });
      const endpoint = redisEndpointFromURL(`redis://${outside}:${redis.port}`);
      const store = new RedisStateStore(endpoint);
      await expect(store.observe(['a'], never)).rejects.toMatchObject({
        code: 'RedisNoPermission',
        message: expect.stringMatching(/running in protected mode .*; set a password/),
      });
      await store.close();
    },
  );
});

describe('the wording of other versions', () => {
  test.each([
    [
      "ERR Error running script (call to f_0): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
      'RedisReadOnly',
    ],
    ['MOVED 3999 127.0.0.1:6381', 'RedisClusterUnsupported'],
    ['CLUSTERDOWN The cluster is down', 'RedisClusterUnsupported'],
    ['NOREPLICAS Not enough good replicas to write.', 'RedisUnreachable'],
    ['BUSY Redis is busy running a script.', 'RedisTimeout'],
    ['ERR max number of clients reached', 'RedisUnreachable'],
    ['DENIED Redis is running in protected mode', 'RedisNoPermission'],
    ['WHATEVER', 'RedisUnexpectedReply'],
  ])('%s', (message, code) => {
    expect(redisError(new Error(message), { where: 'Redis', behindSentinel: false }).code).toBe(code);
  });

  test('a demoted primary is transient behind Sentinel, and terminal without it', () => {
    expect(redisError(new Error('READONLY x'), { where: 'Redis', behindSentinel: true })).toBeInstanceOf(
      TransientError,
    );
    expect(redisError(new Error('READONLY x'), { where: 'Redis', behindSentinel: false })).toBeInstanceOf(
      TerminalError,
    );
  });
});
