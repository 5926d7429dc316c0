import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecoveryError } from '../../src/errors.ts';
import type { RedisEndpoint } from '../../src/redis/endpoint.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

const never = new AbortController().signal;

let authority: CertificateAuthority;
let stranger: CertificateAuthority;

beforeAll(async () => {
  authority = await createAuthority();
  stranger = await createAuthority('another authority');
});

afterAll(async () => {
  await authority[Symbol.asyncDispose]();
  await stranger[Symbol.asyncDispose]();
});

function endpoint({ host, port }: RedisServer, tls: RedisEndpoint['tls']): RedisEndpoint {
  return { location: { kind: 'standalone', address: { host, port } }, ...(tls === undefined ? {} : { tls }) };
}

/** `ok`, or the code it failed with. */
async function outcome(at: RedisEndpoint): Promise<string> {
  const store = new RedisStateStore(at);
  try {
    await store.observe(['a'], never);
    return 'ok';
  } catch (error) {
    // Everything the store throws is of the taxonomy; anything else shows as undefined here.
    return (error as RecoveryError).code;
  } finally {
    await store.close();
  }
}

describe('TLS to Redis', () => {
  test('with the authority of its certificate', async () => {
    await using redis = await startRedis({ tls: { authority } });
    expect(await outcome(endpoint(redis, { ca: authority.certificate }))).toBe('ok');
  });

  test('with a client certificate where Redis wants one', async () => {
    await using redis = await startRedis({ tls: { authority, clientCertificates: true } });
    const { certificate, key } = await authority.issue('operator');
    expect(await outcome(endpoint(redis, { ca: authority.certificate, cert: certificate, key }))).toBe('ok');
  });

  test('without the client certificate Redis wants', async () => {
    await using redis = await startRedis({ tls: { authority, clientCertificates: true } });
    expect(await outcome(endpoint(redis, { ca: authority.certificate }))).toBe('RedisTLS');
  });

  test('with a client certificate of another authority', async () => {
    await using redis = await startRedis({ tls: { authority, clientCertificates: true } });
    const { certificate, key } = await stranger.issue('operator');
    expect(await outcome(endpoint(redis, { ca: authority.certificate, cert: certificate, key }))).toBe(
      'RedisTLS',
    );
  });

  test('a certificate of an unknown authority is refused', async () => {
    await using redis = await startRedis({ tls: { authority } });
    expect(await outcome(endpoint(redis, { ca: stranger.certificate }))).toBe('RedisTLS');
    expect(await outcome(endpoint(redis, {}))).toBe('RedisTLS');
  });

  test('a certificate of another name is refused, unless that name is expected', async () => {
    await using redis = await startRedis({ tls: { authority } });
    expect(await outcome(endpoint(redis, { ca: authority.certificate, serverName: 'other.example' }))).toBe(
      'RedisTLS',
    );
    expect(await outcome(endpoint(redis, { ca: authority.certificate, serverName: 'localhost' }))).toBe('ok');
  });

  test('a port that speaks no TLS is named as that', async () => {
    await using redis = await startRedis();
    expect(await outcome(endpoint(redis, { ca: authority.certificate }))).toBe('RedisTLS');
  });
});
