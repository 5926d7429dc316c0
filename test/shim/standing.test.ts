import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  adminClaim,
  adminList,
  requireAdmin,
  requireTaskReader,
  type Standing,
} from '../../src/shim/auth/caller-role.ts';
import { Tenants } from '../../src/shim/auth/tenants.ts';
import { Whoami } from '../../src/shim/auth/whoami.ts';

const caller = (username: string, claims: Record<string, unknown> = {}, token = `token of ${username}`) => ({
  username,
  claims,
  token,
});

describe('an admin by name', () => {
  test('is one on the list, spelled exactly so', async () => {
    const list = adminList(['alice', 'ops.team_1']);
    expect(await list.standingOf(caller('alice'))).toEqual({ kind: 'admin' });
    expect(await list.standingOf(caller('Alice'))).toEqual({ kind: 'unknown' });
    expect(await list.standingOf(caller('*'))).toEqual({ kind: 'unknown' });
    expect(await list.standingOf(caller(''))).toEqual({ kind: 'unknown' });
  });

  test('is everybody with a name when the list says so', async () => {
    const list = adminList(['*']);
    expect(await list.standingOf(caller('whoever'))).toEqual({ kind: 'admin' });
    expect(await list.standingOf(caller(''))).toEqual({ kind: 'unknown' });
  });
});

test('an admin by claim has the value, alone or in a list', async () => {
  const rule = adminClaim('roles', 'faynosync-admin');
  const standing = async (roles: unknown) => (await rule.standingOf(caller('alice', { roles }))).kind;
  expect(await standing('faynosync-admin')).toBe('admin');
  expect(await standing(['x', 'faynosync-admin'])).toBe('admin');
  expect(await standing('xfaynosync-admin')).toBe('unknown');
  expect(await standing(['faynosync-admins'])).toBe('unknown');
  expect(await standing({ 'faynosync-admin': true })).toBe('unknown');
  expect(await standing(undefined)).toBe('unknown');
  expect((await rule.standingOf(caller('', { roles: 'faynosync-admin' }))).kind).toBe('unknown');
});

describe('what a caller may do', () => {
  const teamUser = (mayEditApps: boolean): Standing => ({ kind: 'teamUser', owner: 'alice', mayEditApps });
  const denied = (status: number, error: string) =>
    expect.objectContaining({ answer: { status, body: { error } } });

  test('only an admin starts a recovery, in their own name', () => {
    expect(requireAdmin(caller('alice'), { kind: 'admin' })).toBe('alice');
    for (const standing of [teamUser(true), { kind: 'unknown' } as const]) {
      expect(() => requireAdmin(caller('bob'), standing)).toThrow(denied(403, 'Admin access required'));
    }
  });

  test('a name that no BootstrapRecovery can hold is nobody', () => {
    for (const name of ['', 'a\nb', 'a\u0085b', 'x'.repeat(254)]) {
      expect(() => requireAdmin(caller(name), { kind: 'admin' })).toThrow(
        denied(403, 'Admin access required'),
      );
    }
    expect(requireAdmin(caller('Ünïcødé team #1'), { kind: 'admin' })).toBe('Ünïcødé team #1');
  });

  test('tasks are read by their admin and by team users who may edit apps', () => {
    expect(requireTaskReader(caller('alice'), { kind: 'admin' })).toBe('alice');
    expect(requireTaskReader(caller('bob'), teamUser(true))).toBe('alice');
    expect(() => requireTaskReader(caller('bob'), teamUser(false))).toThrow(denied(403, 'Permission denied'));
    expect(() => requireTaskReader(caller('x'), { kind: 'unknown' })).toThrow(denied(401, 'User not found'));
  });
});

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
    // A TCP server that listens has an address with a port.
    const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/api/`);
    return {
      whoami: new Whoami({ url, cacheMs: 1_000, timeoutMs: 5_000, monotonic: () => now }),
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

  test('tells admins, team users and strangers apart', async () => {
    await using it = await server({
      a: () => [200, admin],
      b: () => [200, member(true)],
      c: () => [200, member(false)],
      d: () => [200, '{"username":"dave","is_admin":false}'],
      e: () => [401, '{"error":"User not found"}'],
    });
    const standing = (name: string, token: string) => it.whoami.standingOf(caller(name, {}, token));
    expect(await standing('alice', 'a')).toEqual({ kind: 'admin' });
    expect(await standing('bob', 'b')).toEqual({ kind: 'teamUser', owner: 'alice', mayEditApps: true });
    expect(await standing('bob', 'c')).toEqual({ kind: 'teamUser', owner: 'alice', mayEditApps: false });
    expect(await standing('dave', 'd')).toEqual({ kind: 'unknown' });
    expect(await standing('eve', 'e')).toEqual({ kind: 'unknown' });
  });

  test('believes nothing about somebody else', async () => {
    await using it = await server({ a: () => [200, admin] });
    expect(await it.whoami.standingOf(caller('mallory', {}, 'a'))).toEqual({ kind: 'unknown' });
  });

  test('asks once in a while, not for every request', async () => {
    let answer = admin;
    await using it = await server({ a: () => [200, answer] });
    for (let request = 0; request < 5; request += 1) {
      await it.whoami.standingOf(caller('alice', {}, 'a'));
    }
    expect(it.asked()).toBe(1);
    answer = '{"username":"alice","is_admin":false}';
    it.later(1_001);
    expect(await it.whoami.standingOf(caller('alice', {}, 'a'))).toEqual({ kind: 'unknown' });
  });

  test.for([
    ['an error', [500, 'oops']],
    ['not found', [404, '404 page not found']],
    ['something else than JSON', [200, '<html>']],
    ['other JSON', [200, '{"ok":true}']],
    ['a redirect, which would carry the token away', [302, '']],
  ] as const)('a server that answers with %s leaves it open: 503, and is asked again', async ([, broken]) => {
    let answer: readonly [number, string] = broken;
    await using it = await server({ a: () => answer });
    const busy = expect.objectContaining({
      answer: expect.objectContaining({ status: 503, headers: { 'Retry-After': '5' } }),
    });
    await expect(it.whoami.standingOf(caller('alice', {}, 'a'))).rejects.toThrow(busy);
    answer = [200, admin];
    expect(await it.whoami.standingOf(caller('alice', {}, 'a'))).toEqual({ kind: 'admin' });
  });

  test('remembers no more than a thousand callers', async () => {
    const everybody = new Proxy(
      {},
      { get: (_target, token) => () => [200, JSON.stringify({ username: String(token), is_admin: true })] },
    );
    await using it = await server(everybody);
    const ask = (name: string) => it.whoami.standingOf(caller(name, {}, name));
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
