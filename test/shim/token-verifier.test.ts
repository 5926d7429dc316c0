import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { bearerToken } from '../../src/shim/auth/bearer.ts';
import { discoveredKeySet, remoteKeySet, sharedSecret } from '../../src/shim/auth/signing-keys.ts';
import { type TokenKeys, type TokenRules, TokenVerifier } from '../../src/shim/auth/token-verifier.ts';
import { Refusal } from '../../src/shim/http/answer.ts';
import { AUDIENCE, startKeyServer } from './support/key-server.ts';
import { encode, inSeconds, SECRET, sign, tokenFor } from './support/tokens.ts';

const rules: TokenRules = {
  algorithms: ['HS256'],
  usernameClaim: 'username',
  clockToleranceSeconds: 0,
  allowWithoutExpiry: false,
};

const key = async (secret: string) => await sharedSecret(new Uint8Array(Buffer.from(secret)));

async function verifier(overrides: Partial<TokenRules> = {}, keys?: TokenKeys): Promise<TokenVerifier> {
  return new TokenVerifier(
    keys ?? { secrets: [await key(SECRET)] },
    { ...rules, ...overrides },
    () => new Date(),
  );
}

/** Status and text of the refusal of a token. */
async function refusal(of: TokenVerifier, token: string): Promise<readonly [number, string]> {
  const error: unknown = await of.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Refusal)) {
    throw new Error('the token was not refused', { cause: error });
  }
  return [error.answer.status, (error.answer.body as { error: string }).error];
}

describe('the Authorization header', () => {
  test.for([
    [undefined, 'missing authorization header'],
    ['', 'missing authorization header'],
    ['Bearer', 'invalid token format'],
    ['Bearer ', 'invalid token format'],
    ['bearer x', 'invalid token format'],
    ['Basic x', 'invalid token format'],
    ['Bearer a b', 'invalid token format'],
    ['x', 'invalid token format'],
  ] as const)('%s: %s', ([header, error]) => {
    expect(() => bearerToken(header)).toThrow(
      expect.objectContaining({ answer: { status: 401, body: { error } } }),
    );
  });

  test('may hold more white space than needed, as Go splits it', () => {
    expect(bearerToken('  Bearer \t token  ')).toBe('token');
  });
});

describe('a shared secret', () => {
  test("verifies the server's tokens", async () => {
    expect(await (await verifier()).verify(tokenFor('alice'))).toMatchObject({ username: 'alice' });
  });

  test('can be rotated: tokens of the old and the new one are valid, of no other', async () => {
    const both = await verifier({}, { secrets: [await key('new'), await key('old')] });
    for (const secret of ['new', 'old']) {
      expect(await both.verify(sign({ username: 'alice', exp: inSeconds(60) }, { secret }))).toMatchObject({
        username: 'alice',
      });
    }
    const other = sign({ username: 'alice', exp: inSeconds(60) }, { secret: 'older' });
    expect(await refusal(both, other)).toEqual([401, 'invalid token signature']);
    const expired = sign({ username: 'alice', exp: inSeconds(-60) }, { secret: 'old' });
    expect(await refusal(both, expired)).toEqual([401, 'token expired']);
  });

  test('says what is wrong in the words of the server', async () => {
    const strict = await verifier();
    const cases: readonly (readonly [string, string])[] = [
      ['garbage', 'malformed token'],
      ['a.b.c', 'malformed token'],
      [`${encode({ alg: 'HS256' })}.${encode('no json')}.x`, 'malformed token'],
      [`${encode({ alg: 'none' })}.${encode({})}.`, 'unverifiable token'],
      [sign({ username: 'a', exp: inSeconds(60) }, { header: { alg: 'HS512' } }), 'unverifiable token'],
      [sign({ username: 'a', exp: inSeconds(60) }, { secret: 'x' }), 'invalid token signature'],
      [tokenFor('a', { exp: inSeconds(-1) }), 'token expired'],
      [tokenFor('a', { exp: 'soon' }), 'token expired'],
      [tokenFor('a', { nbf: inSeconds(60) }), 'token not active yet'],
      [tokenFor('a', { nbf: 'soon' }), 'token not active yet'],
      [tokenFor('a', { iat: inSeconds(60) }), 'invalid or expired token'],
      [tokenFor(1), 'username not found in claims'],
      [sign({ exp: inSeconds(60) }), 'username not found in claims'],
      ['fns_abc', 'invalid or expired token'],
    ];
    for (const [token, text] of cases) {
      expect(await refusal(strict, token), token).toEqual([401, text]);
    }
  });

  test('refuses tokens without expiry and says why, unless they are allowed', async () => {
    const token = sign({ username: 'alice' });
    expect(await refusal(await verifier(), token)).toEqual([
      401,
      expect.stringContaining('token has no expiry (exp)'),
    ]);
    expect(await (await verifier({ allowWithoutExpiry: true })).verify(token)).toMatchObject({
      username: 'alice',
    });
    const expired = tokenFor('alice', { exp: inSeconds(-1) });
    expect(await refusal(await verifier({ allowWithoutExpiry: true }), expired)).toEqual([
      401,
      'token expired',
    ]);
  });

  test('tolerates clocks that differ, as far as allowed', async () => {
    const tolerant = await verifier({ clockToleranceSeconds: 60 });
    for (const claims of [{ exp: inSeconds(-30) }, { nbf: inSeconds(30) }, { iat: inSeconds(30) }]) {
      expect(await tolerant.verify(tokenFor('alice', claims))).toMatchObject({ username: 'alice' });
    }
    for (const claims of [{ exp: inSeconds(-90) }, { nbf: inSeconds(90) }, { iat: inSeconds(90) }]) {
      expect((await refusal(tolerant, tokenFor('alice', claims)))[0]).toBe(401);
    }
  });
});

describe('an issuer', () => {
  test('is found through its discovery document, and its tokens are taken for the right audience', async () => {
    await using issuer = await startKeyServer();
    const asymmetric = {
      algorithms: ['RS256'],
      issuer: issuer.issuer,
      audience: AUDIENCE,
      usernameClaim: 'sub',
    };
    for (const keySet of [discoveredKeySet(issuer.issuer), remoteKeySet(issuer.keySetURL)]) {
      const of = await verifier(asymmetric, { keySet });
      expect(await of.verify(await issuer.token({ sub: 'alice' }))).toMatchObject({ username: 'alice' });
      expect(await refusal(of, await issuer.token({ aud: 'x' }))).toEqual([401, 'invalid or expired token']);
      expect(await refusal(of, await issuer.token({ sub: undefined }))).toEqual([
        401,
        'sub not found in claims',
      ]);
      expect(await refusal(of, await issuer.token({}, { kid: 'other' }))).toEqual([
        401,
        'unverifiable token',
      ]);
    }
    expect(issuer.fetches()).toBeLessThan(6);
  });

  test('that cannot be asked is not held against the token: 503, and the next request asks again', async () => {
    await using issuer = await startKeyServer();
    let answer = (): string => 'not json';
    const flaky = createServer((_req, res) => res.end(answer()));
    await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve));
    const address = flaky.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}`;
    const of = await verifier({ algorithms: ['RS256'], issuer: url }, { keySet: discoveredKeySet(url) });
    const token = await issuer.token({ iss: url });
    const unavailable = [503, 'the signing keys of the token issuer cannot be fetched; try again'];
    expect(await refusal(of, token)).toEqual(unavailable);
    answer = () => JSON.stringify({ issuer: 'https://somebody.else', jwks_uri: issuer.keySetURL });
    expect(await refusal(of, token)).toEqual(unavailable);
    answer = () => JSON.stringify({ issuer: url, jwks_uri: issuer.keySetURL });
    expect(await of.verify(token)).toMatchObject({ username: 'alice' });
    flaky.close();
    const gone = await verifier(
      { algorithms: ['RS256'] },
      { keySet: remoteKeySet(new URL('http://127.0.0.1:1/keys')) },
    );
    expect(await refusal(gone, token)).toEqual(unavailable);
  });
});
