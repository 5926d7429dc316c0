import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AttackRange, RECOVERY, TASK } from './support/attack-range.ts';
import { AUDIENCE, startKeyServer } from './support/key-server.ts';
import { encode, inSeconds, SECRET, sign, tokenFor } from './support/tokens.ts';

let range: AttackRange;
beforeAll(async () => {
  range = await AttackRange.start();
});
afterAll(() => range[Symbol.asyncDispose]());

const good = { username: 'alice', exp: inSeconds(3_600) };
const [header = '', payload = '', signature = ''] = tokenFor('alice').split('.');

describe('a token that is not the real thing is refused, and nothing happens', () => {
  const forged: Readonly<Record<string, () => string | Promise<string>>> = {
    'alg none': () => `${encode({ alg: 'none' })}.${encode(good)}.`,
    'alg NONE': () => `${encode({ alg: 'NONE' })}.${encode(good)}.`,
    'alg nOnE with a signature': () => `${encode({ alg: 'nOnE' })}.${encode(good)}.${signature}`,
    'alg empty': () => `${encode({ alg: '' })}.${encode(good)}.${signature}`,
    'alg missing': () => `${encode({ typ: 'JWT' })}.${encode(good)}.${signature}`,
    'alg a list': () => `${encode({ alg: ['HS256'] })}.${encode(good)}.${signature}`,
    'alg HS384, right secret': () => sign(good, { header: { alg: 'HS384' } }),
    'alg HS512, right secret': () => sign(good, { header: { alg: 'HS512' } }),
    'alg RS256 over an HMAC': () => sign(good, { header: { alg: 'RS256' } }),
    'alg of a prototype': () => sign(good, { header: { alg: '__proto__' } }),
    'wrong secret': () => sign(good, { secret: 'guess' }),
    'empty secret': () => sign(good, { secret: '' }),
    'secret with another ending': () => sign(good, { secret: `${SECRET}\n` }),
    'payload altered': () => `${header}.${encode({ ...good, username: 'bob' })}.${signature}`,
    'header altered': () => `${encode({ alg: 'HS256', typ: 'JWT', x: 1 })}.${payload}.${signature}`,
    'signature cut off': () => `${header}.${payload}.${signature.slice(0, -2)}`,
    'signature missing': () => `${header}.${payload}.`,
    'signature in another alphabet': () => `${header}.${payload}.${'+'.repeat(43)}`,
    'key id that names a file': () => sign(good, { secret: '', header: { kid: '../../../../dev/null' } }),
    'key id with SQL': () => sign(good, { secret: 'x', header: { kid: "' UNION SELECT 'x" } }),
    'key address of the attacker (jku)': () =>
      sign(good, { secret: 'x', header: { jku: `${range.issuer.issuer}/keys` } }),
    'key inside the token (jwk)': () =>
      sign(good, { secret: 'x', header: { jwk: { kty: 'oct', k: encode('x') } } }),
    'certificate inside the token (x5c)': () => sign(good, { secret: 'x', header: { x5c: ['AAAA'] } }),
    'unknown critical header': () => sign(good, { header: { crit: ['exp', 'magic'], magic: true } }),
    'unencoded payload (b64)': () => sign(good, { header: { crit: ['b64'], b64: false } }),
    expired: () => sign({ ...good, exp: inSeconds(-1) }),
    'expired in 1970': () => sign({ ...good, exp: 0 }),
    'expiry as text': () => sign({ ...good, exp: '9999999999' }),
    'expiry negative': () => sign({ ...good, exp: -1 }),
    'no expiry': () => sign({ username: 'alice' }),
    'not yet valid': () => sign({ ...good, nbf: inSeconds(3_600) }),
    'issued in the future': () => sign({ ...good, iat: inSeconds(3_600) }),
    'username a number': () => sign({ ...good, username: 1 }),
    'username a list': () => sign({ ...good, username: ['alice'] }),
    'username an object': () => sign({ ...good, username: { toString: 'alice' } }),
    'username of a prototype': () => sign({ exp: good.exp, __proto__: { username: 'alice' } }),
    'claims a list': () => sign([good] as unknown as typeof good),
    'claims no JSON': () => {
      const forgedPayload = `${header}.${encode('{"username":"alice"')}`;
      return `${forgedPayload}.${sign({}).split('.')[2]}`;
    },
    'an encrypted token': () => `${header}.${payload}.${signature}.${payload}.${signature}`,
    'an API token': () => 'fns_00112233445566778899aabbccddeeff',
    'a long one': () => `${header}.${'A'.repeat(12_000)}.${signature}`,
  };
  test.for(Object.entries(forged))('%s', async ([, make]) => {
    expect((await range.postWith(await make())).status).toBe(401);
  });

  const strangers: Readonly<Record<string, string>> = {
    'an empty name': '',
    'another case': 'Alice',
    'a space more': 'alice ',
    'a look-alike': 'аlice',
    'a line break': 'alice\r\nX-Admin: 1',
    'a NUL': 'alice\0',
    'a prototype': '__proto__',
    'a wildcard': '*',
  };
  test.for(Object.entries(strangers))('signed, but for no admin: %s', async ([, name]) => {
    expect((await range.postWith(tokenFor(name))).status).toBe(403);
  });

  test.for([
    ['in the query', `${RECOVERY}?token=${tokenFor('alice')}`, {}],
    ['in a cookie', RECOVERY, { Cookie: `token=${tokenFor('alice')}` }],
    ['with another scheme', RECOVERY, { Authorization: `bearer ${tokenFor('alice')}` }],
    ['as a password', RECOVERY, { Authorization: `Basic ${encode(`alice:${tokenFor('alice')}`)}` }],
    ['twice', RECOVERY, { Authorization: `Bearer ${tokenFor('alice')} ${tokenFor('bob')}` }],
    ['in another header', RECOVERY, { 'X-Forwarded-Authorization': `Bearer ${tokenFor('alice')}` }],
  ] as const)('a good one in the wrong place: %s', async ([, path, headers]) => {
    const response = await range.send(path, { method: 'POST', headers, body: '{"appName":"stolen"}' });
    expect(response.status).toBe(401);
  });
});

describe('with an issuer, only its own tokens for this audience are taken', () => {
  test('its own one is', async () => {
    const response = await range.send(
      `${TASK}?task_id=x`,
      { headers: { Authorization: `Bearer ${await range.issuer.token()}` } },
      range.oidc,
    );
    expect(response.status).toBe(200);
  });

  const forged: Readonly<Record<string, () => string | Promise<string>>> = {
    'HS256 with the public key as the secret': () =>
      sign(
        { ...good, iss: range.issuer.issuer, aud: AUDIENCE },
        { secret: range.issuer.publicKeyPEM, header: { kid: 'the-key' } },
      ),
    'HS256 with the JWK as the secret': () =>
      sign(
        { ...good, iss: range.issuer.issuer, aud: AUDIENCE },
        { secret: JSON.stringify(range.issuer.publicJWK), header: { kid: 'the-key' } },
      ),
    'HS256 with the shared secret of another installation': () =>
      tokenFor('alice', { iss: range.issuer.issuer, aud: AUDIENCE }),
    'another issuer': () => range.issuer.token({ iss: 'https://evil.example' }),
    'no issuer': () => range.issuer.token({ iss: undefined }),
    'another audience': () => range.issuer.token({ aud: 'another-service' }),
    'no audience': () => range.issuer.token({ aud: undefined }),
    'no expiry': () => range.issuer.token({ exp: undefined }),
    'a key of its own making': async () => {
      await using other = await startKeyServer();
      return await other.token({ iss: range.issuer.issuer });
    },
    'an unknown key id': () => range.issuer.token({}, { kid: 'invented' }),
  };
  test.for(Object.entries(forged))('not %s', async ([, make]) => {
    expect((await range.postWith(await make(), range.oidc)).status).toBe(401);
  });

  test('invented key ids do not make it ask the issuer again and again', async () => {
    const before = range.issuer.fetches();
    for (let attempt = 0; attempt < 50; attempt += 1) {
      expect(
        (await range.postWith(await range.issuer.token({}, { kid: `invented-${attempt}` }), range.oidc))
          .status,
      ).toBe(401);
    }
    expect(range.issuer.fetches() - before).toBeLessThanOrEqual(1);
  });
});

test('10,000 requests with bad tokens: all refused, memory bounded, still serving', async () => {
  const forgeries = [
    () => sign(good, { secret: 'guess' }),
    () => `${encode({ alg: 'none' })}.${encode(good)}.`,
    () => 'garbage',
    () => sign({ ...good, exp: 1 }),
    () => sign({ ...good, username: `nobody-${Math.random()}` }),
  ];
  const before = usedMemory();
  const statuses = new Map<number, number>();
  const worker = async (start: number): Promise<void> => {
    for (let index = start; index < 10_000; index += 20) {
      const token = forgeries[index % forgeries.length]?.() ?? '';
      const response = await fetch(`${range.shim.url}${TASK}?task_id=x`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, index) => worker(index)));
  expect(Object.fromEntries(statuses)).toEqual({ 401: 10_000 });
  // What the test keeps of the log is some 4 MB; kept requests, tokens or buckets would be far more.
  expect(usedMemory() - before).toBeLessThan(30_000_000);
  expect((await fetch(`${range.shim.url}/readyz`)).status).toBe(200);
});

test('after all this only alice has runs, and nothing secret was said', async () => {
  await range.verifyNothingGotThrough(/^none$/);
});

/** Bytes in use after a full garbage collection. */
function usedMemory(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
