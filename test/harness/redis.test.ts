import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { createAuthority } from './certificates.ts';
import { startRedis } from './redis.ts';
import { startSentinels } from './sentinel.ts';

describe('Redis', () => {
  test('starts, answers, comes back empty after SIGKILL, and stops', async () => {
    await using redis = await startRedis();
    const client = await redis.client();
    await client.set('key', 'value');
    await redis.process.kill();
    await redis.restart();
    expect(await (await redis.client()).get('key')).toBeNull();
  });

  test('keeps its users to their keys', async () => {
    await using redis = await startRedis({
      password: 'all',
      users: ['user app on >secret ~BOOTSTRAP_* +@all'],
    });
    const client = await redis.client({ username: 'app', password: 'secret' });
    expect(await client.set('BOOTSTRAP_a_b', '1')).toBe('OK');
    await expect(client.set('OTHER', '1')).rejects.toThrow(/NOPERM/);
    await expect(redis.client({ password: 'wrong', retryStrategy: () => null })).rejects.toThrow();
  });

  test('asks for a client certificate over TLS', async () => {
    await using authority = await createAuthority();
    await using stranger = await createAuthority('a stranger');
    await using redis = await startRedis({ tls: { authority, clientCertificates: true } });
    expect(redis.url).toMatch(/^rediss:/);
    expect(await (await redis.client()).ping()).toBe('PONG');
    const { certificate: cert, key } = await stranger.issue('intruder');
    const intruder = redis.client({
      tls: { ca: authority.certificate, cert, key },
      retryStrategy: () => null,
    });
    await expect(intruder).rejects.toThrow();
  });

  test('with Sentinels keeps what was written through the failure of the primary', async () => {
    await using topology = await startSentinels({ password: 'secret', sentinelPassword: 'watch' });
    const client = new Redis({
      sentinels: [...topology.sentinels],
      name: topology.name,
      password: 'secret',
      sentinelPassword: 'watch',
    });
    client.on('error', () => undefined);
    await client.set('key', 'value');
    expect(await client.wait(1, 30_000)).toBe(1);
    expect(await topology.failOver()).toBe(topology.servers[1]);
    expect(await client.get('key')).toBe('value');
    client.disconnect();
  });
});
