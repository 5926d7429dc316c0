import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import type { RedisEndpoint } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { requestFor } from '../recovery/fixtures/engine.ts';

/** Commands that services close, as their documentation lists them; those with `rediss` only, too. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  ElastiCache: [
    ...['ACL', 'BGREWRITEAOF', 'BGSAVE', 'CONFIG', 'DEBUG', 'MIGRATE', 'PSYNC', 'REPLICAOF', 'SAVE'],
    ...['SHUTDOWN', 'SLAVEOF', 'SYNC'],
  ],
  Memorystore: [
    ...['ACL', 'BGREWRITEAOF', 'BGSAVE', 'CONFIG', 'DEBUG', 'FAILOVER', 'LASTSAVE', 'MIGRATE', 'MODULE'],
    ...['PSYNC', 'REPLICAOF', 'SAVE', 'SHUTDOWN', 'SLAVEOF', 'SYNC'],
  ],
  'Azure Cache': [
    ...['ACL', 'BGREWRITEAOF', 'BGSAVE', 'CONFIG', 'DEBUG', 'MIGRATE', 'PSYNC', 'REPLICAOF', 'SAVE'],
    ...['SHUTDOWN', 'SLAVEOF', 'SYNC'],
  ],
  'a service behind a proxy of its own': [
    ...['ACL', 'CLIENT', 'CONFIG', 'DEBUG', 'INFO', 'ROLE', 'SHUTDOWN', 'WAIT'],
  ],
};

let authority: CertificateAuthority;
let app: GoldenApp;
let files: TemporaryDirectory;

beforeAll(async () => {
  authority = await createAuthority();
  app = await goldenApp('deleg');
  files = await temporaryDirectory('managed');
  await app.writeTo(files.path);
});

afterAll(async () => {
  await authority?.[Symbol.asyncDispose]();
  await files?.[Symbol.asyncDispose]();
});

async function recover({ host, port }: RedisServer): Promise<Outcome> {
  const endpoint: RedisEndpoint = {
    location: { kind: 'standalone', address: { host, port } },
    password: 'secret',
    tls: { ca: authority.certificate },
  };
  const store = new RedisStateStore(endpoint);
  try {
    return await runAttempt(requestFor({ app, source: new DirectorySource(files.path), store }));
  } finally {
    await store.close();
  }
}

test.each(Object.entries(SERVICES))('%s: what it closes does not stop a recovery', async (_name, closed) => {
  await using server = await startRedis({
    ...{ tls: { authority }, password: 'secret' },
    config: closed.map((command) => ['rename-command', `${command} ""`] as const),
  });
  const outcome = await recover(server);
  expect(outcome.succeeded).toMatchObject({ reason: 'Recovered' });
  const codes = outcome.findings.map(({ code }) => code);
  expect(codes.includes('RedisFactsWithheld')).toBe(closed.includes('INFO'));
  const client = await server.client({ enableReadyCheck: false });
  const marker = (await client.get(`BOOTSTRAP_${app.admin}_${app.app}`)) ?? '';
  expect(await app.differences(client, marker)).toEqual([]);
});

test('a service in Cluster mode (MemoryDB, ElastiCache with cluster mode) is refused by name', async () => {
  await using server = await startRedis({
    ...{ tls: { authority }, password: 'secret' },
    config: [
      ['cluster-enabled', 'yes'],
      ['tls-cluster', 'yes'],
      ['rename-command', 'CONFIG ""'],
    ],
  });
  const outcome = await recover(server);
  expect(outcome.succeeded.reason).toBe('RedisUnsupported');
  expect(outcome.succeeded.message).toContain('Use a standalone or Sentinel Redis');
});
