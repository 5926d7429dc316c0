import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isExecutable } from '../../scripts/setup/locate.mjs';
import { flavourServer, REDIS_FLAVOURS } from '../../scripts/setup/redis-flavours.mjs';
import { runAttempt } from '../../src/recovery/run.ts';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import type { Change, Lock } from '../../src/redis/state-store.ts';
import { TrackedReader } from '../../src/redis/tracking/tracked-reader.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { requestFor, storeAt } from '../recovery/fixtures/engine.ts';

const never = new AbortController().signal;
const lock: Lock = { key: 'RECOVERY_LOCK_a_b', owner: 'me', ttlMs: 60_000 };
const none = { replicas: 0, timeoutMs: 0 };
const taking = { replaceWrongType: false, signal: never };

/** `npm run test:flavours` installs all of them, and there a missing one fails. */
const required = process.env['REDIS_FLAVOURS'] === 'all';
const flavours: readonly { readonly name: string; readonly program: string | undefined }[] = [
  { name: 'the Redis of this machine', program: undefined },
  ...REDIS_FLAVOURS.map(({ name }) => ({ name, program: flavourServer(name) })),
];

describe.each(flavours)('on $name', ({ name, program }) => {
  const installed = program === undefined || isExecutable(program);
  if (!installed) {
    test('it is installed by npm run setup redis-flavours', (context) => {
      context.skip(!required, 'npm run test:flavours installs it');
      expect.fail(`${name} is not installed.`);
    });
  }
  describe.runIf(installed)('a recovery works', () => suite(program));
});

function suite(program: string | undefined): void {
  let server: RedisServer;
  let client: Redis;
  let app: GoldenApp;
  let files: TemporaryDirectory;
  let isOld: boolean;

  const start = (options: RedisServerOptions = {}): Promise<RedisServer> =>
    startRedis({ ...options, ...(program !== undefined && { program }) });

  beforeAll(async () => {
    server = await start();
    client = await server.client();
    isOld = /redis_version:6\./.test(await client.info('server'));
    app = await goldenApp('deleg');
    files = await temporaryDirectory('flavour');
    await app.writeTo(files.path);
  });

  afterAll(async () => {
    await server?.stop();
    await files?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await client.flushall();
  });

  async function withStore<T>(
    work: (store: RedisStateStore) => Promise<T>,
    url: string = server.url,
  ): Promise<T> {
    const store = new RedisStateStore(redisEndpointFromURL(url));
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** A whole recovery, as a user of this Redis. */
  async function recover(url: string = server.url): ReturnType<typeof runAttempt> {
    const store = storeAt(`${url}/0`);
    try {
      return await runAttempt(requestFor({ app, source: new DirectorySource(files.path), store }));
    } finally {
      await store.close();
    }
  }

  async function expectRecovered(by: Redis): Promise<void> {
    const marker = (await by.get(`BOOTSTRAP_${app.admin}_${app.app}`)) ?? '';
    expect(await app.differences(by, marker)).toEqual([]);
  }

  /** The users of the reference page, as this server can read them. */
  async function documentedUsers(): Promise<string[]> {
    const page = await readFile('docs/reference/redis-acl.md', 'utf8');
    const blocks = [...page.matchAll(/^```acl\n([^`]*)```$/gm)];
    const users = blocks.map(([, user = '']) => user.trim().replace('>CHANGE-ME', '>secret'));
    // As its section on Redis 6.2 says.
    return isOld ? users.map((user) => user.replace('+eval_ro ', '+eval ').replaceAll('%R~', '~')) : users;
  }

  test('observes values, types and times to live, and says its version', async () => {
    await client.mset('value', 'v', 'empty', '');
    await client.set('expiring', 'v', 'PX', 60_000);
    await client.lpush('list', 'x');
    const { values, server: facts } = await withStore((store) =>
      store.observe(['absent', 'empty', 'value', 'expiring', 'list'], never),
    );
    expect([...values.values()]).toEqual([
      { kind: 'absent' },
      { kind: 'string', value: '', ttlMs: undefined },
      { kind: 'string', value: 'v', ttlMs: undefined },
      { kind: 'string', value: 'v', ttlMs: expect.any(Number) },
      { kind: 'wrongType', type: 'list' },
    ]);
    expect(facts.role).toBe('master');
    expect(facts.time).toBeInstanceOf(Date);
    expect(facts.version).toMatch(/\d+\.\d+\.\d+/);
  });

  test('locks, renews, applies at once, reads back and releases', async () => {
    await client.mset('kept', '5', 'dead', 'x', 'changed', '1');
    await client.pexpire('kept', 1_000_000);
    await withStore(async (store) => {
      expect((await store.lock(lock, [], taking)).acquired).toBe(true);
      const other = await withStore((second) => second.lock({ ...lock, owner: 'another' }, [], taking));
      expect(other).toMatchObject({ acquired: false, holder: 'me' });
      expect(await store.renew(lock)).toBe(true);
      const changes: Change[] = [
        { key: 'dead', before: { value: 'x' }, act: 'delete' },
        { key: 'kept', before: { value: '5' }, act: 'persist' },
        { key: 'changed', before: { value: '1' }, act: { set: '2' } },
        { key: 'new', before: undefined, act: { set: '3' } },
      ];
      const keys = changes.map(({ key }) => key);
      const { result, values } = await store.apply(lock, changes, keys, none);
      expect(result).toEqual({ kind: 'applied' });
      expect([...values.values()]).toEqual([
        { kind: 'absent' },
        { kind: 'string', value: '5', ttlMs: undefined },
        { kind: 'string', value: '2', ttlMs: undefined },
        { kind: 'string', value: '3', ttlMs: undefined },
      ]);
      const again = await store.apply(lock, changes, keys, none);
      expect(again.result).toEqual({ kind: 'mismatch', key: 'dead' });
      expect(await store.release(lock, undefined, { sameConnection: true })).toBe(true);
      expect((await store.apply(lock, [], [], none)).result).toEqual({ kind: 'lockLost', holder: undefined });
    });
  });

  test('reads and compares values that are not UTF-8 as the bytes they are', async () => {
    const bytes = Buffer.from([0x35, 0xff, 0xc3, 0x28, 0xe2, 0x98, 0x83, 0x00, 0xed, 0xa0, 0x80]);
    const alike = Buffer.from([0x35, 0xfe, 0xc3, 0x28, 0xe2, 0x98, 0x83, 0x00, 0xed, 0xa0, 0x80]);
    await client.set('bytes', bytes);
    await withStore(async (store) => {
      const { values } = await store.observe(['bytes'], never);
      const held = values.get('bytes');
      const value = held?.kind === 'string' ? held.value : '';
      await store.lock(lock, [], taking);
      await client.set('bytes', alike);
      const change: Change = { key: 'bytes', before: { value }, act: { set: '5' } };
      expect((await store.apply(lock, [change], ['bytes'], none)).result.kind).toBe('mismatch');
      expect(await client.getBuffer('bytes')).toEqual(alike);
      await client.set('bytes', bytes);
      expect((await store.apply(lock, [change], ['bytes'], none)).result).toEqual({ kind: 'applied' });
      expect(await client.get('bytes')).toBe('5');
      // Written as it was read.
      const back: Change = { key: 'bytes', before: { value: '5' }, act: { set: value } };
      expect((await store.apply(lock, [back], [], none)).result).toEqual({ kind: 'applied' });
      expect(await client.getBuffer('bytes')).toEqual(bytes);
    });
  });

  test('a lost app comes back whole, also where a setting holds bytes that are no text', async () => {
    expect((await recover()).succeeded.reason).toBe('Recovered');
    await expectRecovered(client);
    expect((await recover()).succeeded.reason).toBe('AlreadyConsistent');
    await client.set(`TARGETS_EXPIRATION_${app.admin}_${app.app}`, Buffer.from([0xff, 0xfe]));
    const mended = await recover();
    expect(mended.succeeded).toMatchObject({ reason: 'Recovered' });
    expect(mended.retry).toBe('none');
  });

  test('under the documented user nothing that is needed is refused', async () => {
    await using guarded = await start({ users: await documentedUsers() });
    const own = await guarded.client();
    const outcome = await recover(guarded.url.replace('redis://', 'redis://tuf-recovery:secret@'));
    expect(outcome.succeeded.reason).toBe('Recovered');
    await expectRecovered(own);
    expect(await own.acl('LOG')).toEqual([]);
  });

  test.each([
    ['mset', '~*'],
    ['persist', '~*'],
    ['persist', '~RECOVERY_LOCK_a_b ~new ~expiring ~dead'],
    ['del', '~*'],
    ['del', '~RECOVERY_LOCK_a_b ~new ~expiring ~dead'],
  ])('a user without %s, for the keys %s, leaves nothing half written', async (command, patterns) => {
    const narrow = `user narrow on >secret ${patterns} &* +@all -${command}`;
    await using guarded = await start({ users: [narrow] });
    const own = await guarded.client();
    await own.mset('RECOVERY_LOCK_a_b', 'me', 'dead', 'x', 'expiring', '4');
    await own.pexpire('expiring', 1_000_000);
    await own.pexpire('dead', 1_000_000);
    const changes: Change[] = [
      { key: 'new', before: undefined, act: { set: '7' } },
      { key: 'expiring', before: { value: '4' }, act: 'persist' },
      { key: 'dead', before: { value: 'x' }, act: 'delete' },
    ];
    const url = guarded.url.replace('redis://', 'redis://narrow:secret@');
    const applied = withStore((store) => store.apply(lock, changes, [], none), url);
    await expect(applied).rejects.toMatchObject({ code: 'RedisNoPermission' });
    expect(await own.mget('dead', 'expiring', 'new')).toEqual(['x', '4', null]);
    expect(await own.pttl('expiring')).toBeGreaterThan(0);
  });

  test('without ACL, CONFIG and INFO, as providers close them, a recovery still works', async () => {
    const closed = ['ACL', 'CONFIG', 'INFO', 'DEBUG', 'SHUTDOWN'].map(
      (command) => ['rename-command', `${command} ""`] as const,
    );
    await using guarded = await start({ config: closed });
    const outcome = await recover(guarded.url);
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(outcome.findings.map(({ code }) => code)).toContain('RedisFactsWithheld');
    await expectRecovered(await guarded.client({ enableReadyCheck: false }));
  });

  test('a password that it does not want is reported, and a wrong one refused', async () => {
    const unused = await withStore(
      (store) => store.observe(['a'], never),
      server.url.replace('redis://', 'redis://:unwanted@'),
    );
    expect(unused.server.warnings.map(({ code }) => code)).toContain('RedisPasswordUnused');
    await using guarded = await start({ password: 'wanted' });
    const fine = await withStore((store) => store.observe(['a'], never), guarded.url);
    expect(fine.server.warnings.map(({ code }) => code)).not.toContain('RedisPasswordUnused');
    for (const [credentials, code] of [
      [':wrong@', 'RedisWrongPassword'],
      ['', 'RedisAuthRequired'],
    ] as const) {
      const url = `redis://${credentials}${guarded.host}:${guarded.port}`;
      await expect(withStore((store) => store.observe(['a'], never), url)).rejects.toMatchObject({ code });
    }
  });

  test('Cluster mode is named', async () => {
    await using clustered = await start({ config: [['cluster-enabled', 'yes']] });
    await expect(withStore((store) => store.observe(['a', 'b'], never), clustered.url)).rejects.toMatchObject(
      {
        code: 'RedisClusterUnsupported',
        message: expect.stringContaining('Use a standalone or Sentinel Redis'),
      },
    );
  });

  test('reports which keys change, which tracking proves with a key of its own', async () => {
    const heard: string[] = [];
    await client.set('BOOTSTRAP_x', '1');
    const reader = await TrackedReader.open({
      endpoint: redisEndpointFromURL(server.url),
      prefixes: ['BOOTSTRAP_'],
      canaryKey: `tuf-recovery:canary:${randomUUID()}`,
      sink: {
        invalidated: (keys) => heard.push(...keys),
        flushed: () => heard.push('flushed'),
        closed: () => heard.push('closed'),
      },
    });
    const [values] = await reader.read([['BOOTSTRAP_x', 'absent']]);
    expect(values?.get('BOOTSTRAP_x')).toEqual({ kind: 'string', value: '1', ttlMs: undefined });
    expect(reader.tracking).toEqual({ kind: 'immediate', proven: true });
    await client.del('BOOTSTRAP_x');
    await poll('the loss of a key to be reported', () => heard.includes('BOOTSTRAP_x'));
    await client.flushall();
    await poll('the loss of everything to be reported', () => heard.includes('flushed'));
    reader.close();
  });
}
