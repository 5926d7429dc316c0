import { expect, test } from 'vitest';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import { createAuthority } from '../harness/certificates.ts';
import { startRedis } from '../harness/redis.ts';

const signal = new AbortController().signal;

test('a Redis without INFO, as providers rename it away, is read all the same; its facts are withheld', async () => {
  await using redis = await startRedis({ config: [['rename-command', 'INFO ""']] });
  const store = new RedisStateStore(redisEndpointFromURL(redis.url));
  const { values, server } = await store.observe(['a'], signal);
  expect(values.get('a')).toEqual({ kind: 'absent' });
  expect(server).toMatchObject({ role: undefined, time: undefined });
  expect(server.warnings.map(({ code }) => code)).toEqual(['RedisFactsWithheld']);
  await store.close();
});

test('TLS spoken to a Redis without it is named as that, and so is the other way round', async () => {
  await using plain = await startRedis();
  const wrong = new RedisStateStore({
    ...redisEndpointFromURL(`rediss://127.0.0.1:${plain.port}`),
    connectTimeoutMs: 500,
  });
  await expect(wrong.observe(['a'], signal)).rejects.toMatchObject({
    code: 'RedisTLS',
    message: expect.stringContaining('does not answer the TLS handshake'),
  });
  await using authority = await createAuthority();
  await using secure = await startRedis({ tls: { authority } });
  const other = new RedisStateStore(redisEndpointFromURL(`redis://127.0.0.1:${secure.port}`));
  await expect(other.observe(['a'], signal)).rejects.toMatchObject({
    code: 'RedisTLS',
    message: expect.stringContaining('speaks TLS'),
  });
  await wrong.close();
  await other.close();
});
