import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import {
  adminClaim,
  adminList,
  type CallerRole,
  type Freshness,
  requireAdmin,
  requireTaskOwner,
} from '../../src/shim/auth/caller-role.ts';
import { JSONClient } from '../../src/shim/auth/json-client.ts';
import { Tenants } from '../../src/shim/auth/tenants.ts';
import type { Caller } from '../../src/shim/auth/token-verifier.ts';
import { Whoami } from '../../src/shim/auth/whoami.ts';

const caller = (
  username: string | undefined,
  claims: Record<string, unknown> = {},
  token = `token of ${username}`,
  user: Partial<Caller> = {},
): Caller => ({ username, userID: undefined, isAdmin: undefined, claims, token, ...user });

describe('an admin by name', () => {
  test('is one on the list, spelled exactly so', async () => {
    const list = adminList(['alice', 'ops.team_1']);
    expect(await list.roleOf(caller('alice'), 'recent')).toEqual({ kind: 'admin', username: 'alice' });
    expect(await list.roleOf(caller('Alice'), 'recent')).toEqual({ kind: 'unknown' });
    expect(await list.roleOf(caller('*'), 'recent')).toEqual({ kind: 'unknown' });
    expect(await list.roleOf(caller(''), 'recent')).toEqual({ kind: 'unknown' });
  });

  test('is every caller with a name when the list says so', async () => {
    const list = adminList(['*']);
    expect(await list.roleOf(caller('stranger'), 'recent')).toEqual({ kind: 'admin', username: 'stranger' });
    expect(await list.roleOf(caller(''), 'recent')).toEqual({ kind: 'unknown' });
  });
});

test('an admin by claim has the value, alone or in a list', async () => {
  const rule = adminClaim('roles', 'faynosync-admin');
  const role = async (roles: unknown) => (await rule.roleOf(caller('alice', { roles }), 'recent')).kind;
  expect(await role('faynosync-admin')).toBe('admin');
  expect(await role(['x', 'faynosync-admin'])).toBe('admin');
  expect(await role('xfaynosync-admin')).toBe('unknown');
  expect(await role(['faynosync-admins'])).toBe('unknown');
  expect(await role({ 'faynosync-admin': true })).toBe('unknown');
  expect(await role(undefined)).toBe('unknown');
  expect((await rule.roleOf(caller('', { roles: 'faynosync-admin' }), 'recent')).kind).toBe('unknown');
});

describe('what a caller may do', () => {
  const teamUser = (mayEditApps: boolean): CallerRole => ({ kind: 'teamUser', owner: 'alice', mayEditApps });
  const denied = (status: number, error: string) =>
    expect.objectContaining({ answer: { status, body: { error, message: error } } });

  const admin = (username: string): CallerRole => ({ kind: 'admin', username });

  test('only an admin starts a recovery, in their own name', () => {
    expect(requireAdmin(admin('alice'))).toBe('alice');
    for (const role of [teamUser(true), { kind: 'unknown' } as const]) {
      expect(() => requireAdmin(role)).toThrow(denied(403, 'Admin access required'));
    }
  });

  test('a name that no BootstrapRecovery can hold is no admin', () => {
    for (const name of ['', 'a\nb', 'a\u0085b', 'x'.repeat(254)]) {
      expect(() => requireAdmin(admin(name))).toThrow(denied(403, 'Admin access required'));
    }
    expect(requireAdmin(admin('Ünïcødé team #1'))).toBe('Ünïcødé team #1');
  });

  test('tasks are read by their admin and by team users who may edit apps', () => {
    expect(requireTaskOwner(admin('alice'))).toBe('alice');
    expect(requireTaskOwner(teamUser(true))).toBe('alice');
    expect(() => requireTaskOwner(teamUser(false))).toThrow(denied(403, 'Permission denied'));
    expect(() => requireTaskOwner({ kind: 'unknown' })).toThrow(denied(401, 'User not found'));
  });
});

/** What is answered at an address where there is something else: a page to log in, a proxy, another API. */
const MISCONFIGURED = [
  [404, '404 page not found', 'not found'],
  [200, '<html>', 'something else than JSON'],
  [200, '{"ok":true}', 'other JSON'],
  [200, `"${'x'.repeat(100_000)}"`, 'an endless answer'],
  [302, '', 'a redirect, which would carry the token away'],
] as const;

describe('asking the server', () => {
  /** A server that answers GET /api/whoami by the token. */
  async function server(answers: Record<string, () => readonly [number, string]>) {
    let asked = 0;
    const http = createServer((req, res) => {
      asked += 1;
      const token = String(req.headers.authorization).replace('Bearer ', '');
      const [status, body] = req.url === '/api/whoami' ? (answers[token]?.() ?? [401, '{}']) : [404, ''];
      res.writeHead(status, status === 302 ? { Location: 'http://127.0.0.1:1/' } : {}).end(body);
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    let now = 0;
    const problems: (string | undefined)[] = [];
    // A TCP server that listens has an address with a port.
    const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/api/`);
    return {
      whoami: new Whoami({
        url,
        client: new JSONClient(DIRECT),
        recentMs: 1_000,
        staleMs: 60_000,
        timeoutMs: 5_000,
        monotonic: () => now,
        onProblem: (problem) => problems.push(problem),
      }),
      problems,
      asked: () => asked,
      later: (ms: number) => {
        now += ms;
      },
      [Symbol.asyncDispose]: async () => {
        http.close();
        http.closeAllConnections();
      },
    };
  }

  const admin = '{"id":"1","username":"alice","is_admin":true}';
  const member = (edit: boolean) =>
    JSON.stringify({
      username: 'bob',
      is_admin: false,
      owner: 'alice',
      permissions: { Apps: { Create: false, Edit: edit } },
    });

  const alice = { kind: 'admin', username: 'alice' };
  const unavailable = expect.objectContaining({ answer: expect.objectContaining({ status: 503 }) });
  const tryAgain = expect.objectContaining({
    answer: expect.objectContaining({ status: 503, headers: { 'Retry-After': '5' } }),
  });

  test('distinguishes admins, team users and strangers', async () => {
    await using it = await server({
      a: () => [200, admin],
      b: () => [200, member(true)],
      c: () => [200, member(false)],
      d: () => [200, '{"username":"dave","is_admin":false}'],
      e: () => [401, '{"error":"User not found"}'],
    });
    const role = (name: string, token: string) => it.whoami.roleOf(caller(name, {}, token), 'recent');
    expect(await role('alice', 'a')).toEqual(alice);
    expect(await role('bob', 'b')).toEqual({ kind: 'teamUser', owner: 'alice', mayEditApps: true });
    expect(await role('bob', 'c')).toEqual({ kind: 'teamUser', owner: 'alice', mayEditApps: false });
    expect(await role('dave', 'd')).toEqual({ kind: 'unknown' });
    expect(await role('eve', 'e')).toEqual({ kind: 'unknown' });
  });

  test('an answer about another user counts for nothing', async () => {
    await using it = await server({ a: () => [200, admin] });
    expect(await it.whoami.roleOf(caller('mallory', {}, 'a'), 'recent')).toEqual({ kind: 'unknown' });
  });

  test('a token that holds no name is that of the user the server names, if id and type agree', async () => {
    const answers: Record<string, () => readonly [number, string]> = {};
    await using it = await server(answers);
    const cases: readonly (readonly [string, string, Partial<Caller>, object])[] = [
      ['nothing', admin, {}, alice],
      ['its id', admin, { userID: '1' }, alice],
      ['its id and type', admin, { userID: '1', isAdmin: true }, alice],
      ['another id', admin, { userID: '2' }, { kind: 'unknown' }],
      ['another type', admin, { userID: '1', isAdmin: false }, { kind: 'unknown' }],
      [
        'a team user',
        member(true),
        { isAdmin: false },
        { kind: 'teamUser', owner: 'alice', mayEditApps: true },
      ],
      ['a team user that claims more', member(true), { isAdmin: true }, { kind: 'unknown' }],
    ];
    for (const [token, answer, user, role] of cases) {
      answers[token] = () => [200, answer];
      expect(await it.whoami.roleOf(caller(undefined, {}, token, user), 'recent'), token).toEqual(role);
    }
  });

  test('asks once in a while where tasks are read, and each time where something is started', async () => {
    let answer = admin;
    await using it = await server({ a: () => [200, answer] });
    const ask = (freshness: Freshness) => it.whoami.roleOf(caller('alice', {}, 'a'), freshness);
    for (let request = 0; request < 5; request += 1) {
      await ask('recent');
    }
    expect(it.asked()).toBe(1);
    answer = '{"username":"alice","is_admin":false}';
    expect(await ask('recent')).toEqual(alice);
    expect(await ask('current')).toEqual({ kind: 'unknown' });
    answer = admin;
    it.later(1_001);
    expect(await ask('recent')).toEqual(alice);
  });

  test('200 requests at once with one token are one question', async () => {
    await using it = await server({ a: () => [200, admin] });
    const roles = await Promise.all(
      Array.from({ length: 200 }, () => it.whoami.roleOf(caller('alice', {}, 'a'), 'current')),
    );
    expect(roles).toEqual(Array.from({ length: 200 }, () => alice));
    expect(it.asked()).toBe(1);
  });

  test('a session the server has revoked is refused in the words of the server, also if it was good before', async () => {
    let answer: readonly [number, string] = [200, admin];
    await using it = await server({ a: () => answer });
    const ask = () => it.whoami.roleOf(caller('alice', {}, 'a'), 'current');
    expect(await ask()).toEqual(alice);
    const refused = (error: string) =>
      expect.objectContaining({ answer: { status: 401, body: { error, message: error } } });
    answer = [401, '{"error":"session revoked"}'];
    await expect(ask()).rejects.toThrow(refused('session revoked'));
    answer = [401, 'oops'];
    await expect(ask()).rejects.toThrow(refused('invalid or expired token'));
    answer = [401, JSON.stringify({ error: `${'x'.repeat(300)}` })];
    await expect(ask()).rejects.toThrow(refused('invalid or expired token'));
  });

  test('an address that is not that of the server is a mistake in --server-url, and no "try again"', async () => {
    for (const [status, body] of MISCONFIGURED) {
      await using it = await server({ a: () => [status, body] });
      for (let tries = 0; tries < 2; tries += 1) {
        const error: unknown = await it.whoami.roleOf(caller('alice', {}, 'a'), 'current').catch((e) => e);
        const text = expect.stringMatching(/configured differently, see its log$/);
        expect(error).toMatchObject({ answer: { status: 503, body: { error: text } } });
        expect(error).toHaveProperty(
          'cause.message',
          expect.stringMatching(/whoami answered .*: check --server-url$/),
        );
      }
      expect(it.asked()).toBe(1);
      it.later(2_000);
      await it.whoami.roleOf(caller('alice', {}, 'a'), 'current').catch(() => undefined);
      // Once, with the address, however often it is asked for.
      expect(it.problems).toEqual([expect.stringMatching(/^http:.*\/api\/whoami answered .*--server-url$/)]);
    }
  });

  test('why it cannot be asked is reported once for each cause, and that it can be again', async () => {
    let answer: readonly [number, string] = [200, admin];
    await using it = await server({ a: () => answer });
    const ask = async () => {
      it.later(2_000);
      await it.whoami.roleOf(caller('alice', {}, 'a'), 'current').catch(() => undefined);
    };
    for (const status of [200, 500, 500, 502, 200, 200]) {
      answer = [status, admin];
      await ask();
    }
    expect(it.problems).toEqual([
      expect.stringMatching(/whoami answered 500$/),
      expect.stringMatching(/whoami answered 502$/),
      undefined,
    ]);
  });

  test.for([
    ['an error', [500, 'oops']],
    ...MISCONFIGURED.map((answer) => [answer[2], answer] as const),
  ] as const)(
    'a server that answers with %s leaves it open: 503, and is asked again a little later',
    async ([, broken]) => {
      let answer: readonly [number, string, string?] = broken;
      await using it = await server({ a: () => [answer[0], answer[1]] });
      const ask = () => it.whoami.roleOf(caller('alice', {}, 'a'), 'current');
      await expect(ask()).rejects.toThrow(unavailable);
      await expect(ask()).rejects.toThrow(unavailable);
      expect(it.asked()).toBe(1);
      answer = [200, admin];
      it.later(2_000);
      expect(await ask()).toEqual(alice);
    },
  );

  test('while the server cannot be asked, its last answer counts for a while', async () => {
    let answer: readonly [number, string] = [200, admin];
    await using it = await server({ a: () => answer });
    const ask = () => it.whoami.roleOf(caller('alice', {}, 'a'), 'current');
    await ask();
    answer = [503, ''];
    it.later(59_000);
    expect(await ask()).toEqual(alice);
    it.later(1_000);
    await expect(ask()).rejects.toThrow(tryAgain);
  });

  test('remembers no more than a thousand callers', async () => {
    const everyone = new Proxy(
      {},
      { get: (_target, token) => () => [200, JSON.stringify({ username: String(token), is_admin: true })] },
    );
    await using it = await server(everyone);
    const ask = (name: string) => it.whoami.roleOf(caller(name, {}, name), 'recent');
    for (let index = 0; index <= 1_000; index += 1) {
      await ask(`u${index}`);
    }
    expect(it.asked()).toBe(1_001);
    await ask('u1000');
    expect(it.asked()).toBe(1_001);
    await ask('u0');
    expect(it.asked()).toBe(1_002);
  });
});

test('an admin belongs to a namespace and a target; all namespaces are known', () => {
  const tenants = new Tenants(
    { namespace: 'faynosync', target: 'default' },
    new Map([
      ['bob', { namespace: 'bobs', target: 'eu' }],
      ['eve', { namespace: 'faynosync', target: 'eu' }],
    ]),
  );
  expect(tenants.of('alice')).toEqual({ namespace: 'faynosync', target: 'default' });
  expect(tenants.of('bob')).toEqual({ namespace: 'bobs', target: 'eu' });
  expect(tenants.namespaces).toEqual(['faynosync', 'bobs']);
});
