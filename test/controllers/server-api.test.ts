import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoginTokens } from '../../src/controllers/refresh/login-tokens.ts';
import { ServerAPI } from '../../src/controllers/refresh/server-api.ts';
import { resolveHost } from '../../src/net/dial.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { type ServerStandIn, startServerStandIn } from '../harness/server-stand-in.ts';

const never = new AbortController().signal;
const app = { adminName: 'alice', appName: 'tuf' };
const passwords = new Map([['alice', 'pass']]);

let server: ServerStandIn;
let nowMs = Date.now();

beforeAll(async () => {
  const signs = { delegated: [], isBootstrapped: () => true, sign: async () => undefined };
  server = await startServerStandIn({
    secret: 's',
    passwords,
    apps: new Map([['tuf', signs]]),
    mostLogins: 5,
  });
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

/** The API as it is made for each call. */
const api = (logins: LoginTokens, password = 'pass'): ServerAPI =>
  new ServerAPI({
    ...{ url: new URL(server.url), ca: undefined, proxy: DIRECT, logins, now: () => new Date(nowMs) },
    resolve: resolveHost,
    credentials: { kind: 'login', password },
  });

test('a refusal of a token that was made here names the way by a login', async () => {
  const answer = await new ServerAPI({
    ...{ url: new URL(server.url), ca: undefined, proxy: DIRECT, logins: new LoginTokens() },
    resolve: resolveHost,
    ...{ now: () => new Date(), credentials: { kind: 'secret', secret: 'another secret' } },
  }).refresh(app, ['timestamp'], never);
  expect(answer).toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/^HTTP 401: .*Check jwtSecretRef.*use loginSecretRef$/),
  });
});

test('one login serves many calls, for as long as password, token and time allow', async () => {
  const logins = new LoginTokens();
  const asked = await api(logins).refresh(app, ['timestamp'], never);
  expect(asked.kind).toBe('accepted');
  const taskID = asked.kind === 'accepted' ? asked.taskID : '';
  for (let poll = 0; poll < 20; poll += 1) {
    expect(await api(logins).task('alice', taskID, never)).toMatchObject({ kind: 'succeeded' });
  }
  expect(server.logins).toEqual(['alice']);
  // A login after ten minutes.
  nowMs += 601_000;
  await api(logins).task('alice', taskID, never);
  expect(server.logins).toHaveLength(2);
  // A token that the server does not take any more costs one login, and no failed call.
  const login = { url: new URL(server.url), adminName: 'alice', password: 'pass' };
  logins.keep(login, 'revoked', new Date(nowMs));
  expect(await api(logins).task('alice', taskID, never)).toMatchObject({ kind: 'succeeded' });
  expect(server.logins).toHaveLength(3);
  // Another password is another login.
  await expect(api(logins, 'wrong').task('alice', taskID, never)).rejects.toThrow(
    /refused the login of alice/,
  );
  expect(server.logins).toHaveLength(4);
  expect(await api(logins).task('alice', taskID, never)).toMatchObject({ kind: 'succeeded' });
  expect(server.logins).toHaveLength(4);
});
