import { describe, expect, test } from 'vitest';
import { bearerToken } from '../../src/shim/auth/bearer.ts';
import { importSharedSecret } from '../../src/shim/auth/shared-secret.ts';
import {
  type SharedSecrets,
  type TokenKeys,
  type TokenRules,
  TokenVerifier,
} from '../../src/shim/auth/token-verifier.ts';
import { HTTPError } from '../../src/shim/http/answer.ts';
import { issuerKeys } from './support/issuer-keys.ts';
import { AUDIENCE, startKeyServer } from './support/key-server.ts';
import { type Claims, encode, inSeconds, SECRET, sign, tokenFor } from './support/tokens.ts';

const rules: TokenRules = {
  algorithms: ['HS256'],
  usernameClaim: 'username',
  usernameOptional: false,
  clockToleranceSeconds: 0,
  allowWithoutExpiry: false,
};

const key = async (secret: string) => await importSharedSecret(new Uint8Array(Buffer.from(secret)));

const secretKeys = (...secrets: SharedSecrets): TokenKeys => ({ secrets: async () => secrets });

async function verifier(overrides: Partial<TokenRules> = {}, keys?: TokenKeys): Promise<TokenVerifier> {
  return new TokenVerifier(
    keys ?? secretKeys(await key(SECRET)),
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
  if (!(error instanceof HTTPError)) {
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
      expect.objectContaining({ answer: { status: 401, body: { error, message: error } } }),
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
    const both = await verifier({}, secretKeys(await key('new'), await key('old')));
    for (const secret of ['new', 'old']) {
      expect(await both.verify(sign({ username: 'alice', exp: inSeconds(60) }, { secret }))).toMatchObject({
        username: 'alice',
      });
    }
    const other = sign({ username: 'alice', exp: inSeconds(60) }, { secret: 'older' });
    expect(await refusal(both, other)).toEqual([401, 'invalid token signature']);
    for (const secret of ['new', 'old']) {
      const expired = sign({ username: 'alice', exp: inSeconds(-60) }, { secret });
      expect(await refusal(both, expired)).toEqual([401, 'token expired']);
    }
  });

  test('cannot be read back from its key', async () => {
    await expect(crypto.subtle.exportKey('raw', await key(SECRET))).rejects.toThrow();
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
      [sign([{ username: 'a' }] as unknown as Claims), 'malformed token'],
      [tokenFor(1), 'username not found in claims'],
      [sign({ exp: inSeconds(60) }), 'username not found in claims'],
      ['fns_abc', 'invalid or expired token'],
    ];
    for (const [token, text] of cases) {
      expect(await refusal(strict, token), token).toEqual([401, text]);
    }
  });

  test('keeps for the log what the library found', async () => {
    await expect((await verifier()).verify(tokenFor('a', { exp: inSeconds(-1) }))).rejects.toMatchObject({
      cause: { code: 'ERR_JWT_EXPIRED' },
    });
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
    for (const source of [issuer.issuer, issuer.keySetURL]) {
      const of = await verifier(asymmetric, { issuer: issuerKeys(source).keys });
      expect(await of.verify(await issuer.token({ sub: 'alice' }))).toMatchObject({ username: 'alice' });
      for (const foreign of [{ aud: 'x' }, { iss: 'http://other.example' }]) {
        expect(await refusal(of, await issuer.token(foreign))).toEqual([401, 'invalid or expired token']);
      }
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

  test('that cannot be asked is not held against the token: 503', async () => {
    await using issuer = await startKeyServer();
    const { keys } = issuerKeys(new URL('http://127.0.0.1:1/keys'));
    const gone = await verifier({ algorithms: ['RS256'] }, { issuer: keys });
    expect(await refusal(gone, await issuer.token())).toEqual([
      503,
      'the signing keys of the token issuer cannot be read; try again',
    ]);
  });
});

describe('a token that was verified before', () => {
  /** A verifier whose clock the test moves, with one key that can be taken back. */
  async function remembering() {
    await using issuer = await startKeyServer();
    let seconds = 1_000_000_000;
    const now = () => new Date(seconds * 1000);
    const { keys } = issuerKeys(issuer.keySetURL);
    const of = new TokenVerifier({ issuer: keys }, { ...rules, algorithms: ['RS256'] }, now);
    const token = await issuer.token({ exp: seconds + 20 });
    await of.verify(token);
    return {
      of,
      token,
      later: (by: number) => {
        seconds += by;
      },
    };
  }

  test('still expires when it says so, and a clock that goes back does not make it last longer', async () => {
    const { of, token, later } = await remembering();
    later(19);
    expect(await of.verify(token)).toMatchObject({ username: 'alice' });
    later(1);
    expect(await refusal(of, token)).toEqual([401, 'token expired']);
    later(-10);
    expect(await of.verify(token)).toMatchObject({ username: 'alice' });
  });

  test('does not vouch for another one that differs in a single character', async () => {
    const { of, token } = await remembering();
    const [header, payload, signature = ''] = token.split('.');
    const other = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await refusal(of, other)).toEqual([401, 'invalid token signature']);
  });
});

describe('a token whose key is taken back', () => {
  const START = 1_000_000_000;

  /** A verifier whose clock the test moves, and whose only secret is taken back. */
  async function withRevocableKey() {
    let milliseconds = START * 1000;
    let secret = await key(SECRET);
    const other = await key('other');
    const keys: TokenKeys = { secrets: async () => [secret] };
    const of = new TokenVerifier(keys, { ...rules, allowWithoutExpiry: true }, () => new Date(milliseconds));
    return {
      of,
      revoke: () => {
        secret = other;
      },
      later: (by: number) => {
        milliseconds += by;
      },
    };
  }

  const revoked = [401, 'invalid token signature'];

  test.for([
    ['that expires much later', { exp: START + 86_400 }],
    ['without expiry', {}],
  ] as const)('%s is refused half a minute later, and from then on', async ([, claims]) => {
    const { of, revoke, later } = await withRevocableKey();
    const token = sign({ username: 'alice', ...claims });
    await of.verify(token);
    revoke();
    expect(await of.verify(token)).toMatchObject({ username: 'alice' });
    later(29_999);
    expect(await of.verify(token)).toMatchObject({ username: 'alice' });
    later(1);
    expect(await refusal(of, token)).toEqual(revoked);
    later(-1);
    expect(await refusal(of, token)).toEqual(revoked);
  });

  test('is refused when the clock has gone back', async () => {
    const { of, revoke, later } = await withRevocableKey();
    const token = sign({ username: 'alice' });
    await of.verify(token);
    revoke();
    later(-1);
    expect(await refusal(of, token)).toEqual(revoked);
  });

  test('is refused at once when it is too long to be remembered', async () => {
    const { of, revoke } = await withRevocableKey();
    // A character more makes the token one or two longer.
    const tokens = Array.from({ length: 200 }, (_, i) =>
      sign({ username: 'alice', pad: 'x'.repeat(2_900 + i) }),
    );
    const longest = tokens.findLast(({ length }) => length <= 4_096) ?? '';
    const tooLong = tokens.find(({ length }) => length > 4_096) ?? '';
    expect([longest.length, tooLong.length <= 4_098]).toEqual([4_096, true]);
    await of.verify(longest);
    await of.verify(tooLong);
    revoke();
    expect(await of.verify(longest)).toMatchObject({ username: 'alice' });
    expect(await refusal(of, tooLong)).toEqual(revoked);
  });

  test('is refused at once when a thousand others were verified since: the oldest is forgotten', async () => {
    const { of, revoke } = await withRevocableKey();
    const tokens = Array.from({ length: 1_001 }, (_, i) => sign({ username: `user-${i}` }));
    for (const token of tokens) {
      await of.verify(token);
    }
    revoke();
    expect(await refusal(of, tokens[0] ?? '')).toEqual(revoked);
    expect(await of.verify(tokens[1] ?? '')).toMatchObject({ username: 'user-1' });
  });

  test('may be issued this very second, and not later than the tolerance', async () => {
    const { of } = await withRevocableKey();
    expect(await of.verify(sign({ username: 'alice', iat: START }))).toMatchObject({ username: 'alice' });
    const later = sign({ username: 'alice', iat: START + 1 });
    expect(await refusal(of, later)).toEqual([401, 'invalid or expired token']);
  });
});

test('a token may leave the username out only where the server is asked for it', async () => {
  const token = sign({ user_id: '65f0', user_type: 'admin', exp: inSeconds(60) });
  expect(await refusal(await verifier(), token)).toEqual([401, 'username not found in claims']);
  const asking = await verifier({ usernameOptional: true });
  expect(await asking.verify(token)).toMatchObject({ username: undefined, userID: '65f0', isAdmin: true });
  const member = sign({ sub: '65f1', user_type: 'team_user', exp: inSeconds(60) });
  expect(await asking.verify(member)).toMatchObject({ username: undefined, userID: '65f1', isAdmin: false });
  const untyped = sign({ user_id: 5, sub: '65f2', exp: inSeconds(60) });
  expect(await asking.verify(untyped)).toMatchObject({ userID: '65f2', isAdmin: undefined });
  const named = tokenFor('alice', { user_id: '65f0', user_type: 'admin' });
  expect(await asking.verify(named)).toMatchObject({
    username: 'alice',
    userID: undefined,
    isAdmin: undefined,
  });
  expect(await refusal(asking, tokenFor(5))).toEqual([401, 'username not found in claims']);
});
