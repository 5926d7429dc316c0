import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CompactJWSHeaderParameters, errors, type FlattenedJWSInput } from 'jose';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { proxyRule } from '../../src/net/proxy-rule.ts';
import { IssuerKeys } from '../../src/shim/auth/issuer-keys.ts';
import { KeysUnavailableError } from '../../src/shim/auth/key-documents.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { startForwardProxy } from '../harness/forward-proxy.ts';
import { issuerKeys } from './support/issuer-keys.ts';
import { startKeyServer } from './support/key-server.ts';

/** An issuer that answers as the test says. */
async function issuer(answer: RequestListener) {
  const hits: string[] = [];
  const state = { answer };
  const server = createServer((req, res) => {
    hits.push(req.url ?? '');
    state.answer(req, res);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address with a port.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    hits,
    becomes: (next: RequestListener) => {
      state.answer = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

await using published = await startKeyServer();
const keySet = JSON.stringify({ keys: [published.publicJWK] });
const good: RequestListener = (_req, res) => res.end(keySet);
const broken: RequestListener = (_req, res) => res.writeHead(502).end();

/** Looks for the key of a token, as verifying one does. */
async function find(keys: IssuerKeys, kid = 'the-key'): Promise<unknown> {
  const header: CompactJWSHeaderParameters = { alg: 'RS256', kid };
  const token: FlattenedJWSInput = { payload: '', signature: '' };
  return await keys.find(header, token);
}

const busy = (text: string | RegExp) =>
  expect.objectContaining({
    answer: expect.objectContaining({
      status: 503,
      body: expect.objectContaining({ error: expect.stringMatching(text) }),
    }),
  });

const minutes = (count: number): number => count * 60_000;

describe('an issuer that goes away', () => {
  test('is not needed for as long as its keys are usable, and no longer', async () => {
    await using it = await issuer(good);
    const clock = new ManualClock();
    const { keys } = issuerKeys(new URL(`${it.url}/keys`), clock);
    await find(keys);
    it.becomes(broken);
    await clock.advance(minutes(10) - 1);
    await find(keys);
    expect(it.hits).toHaveLength(1);
    await clock.advance(1);
    await find(keys);
    expect(it.hits).toHaveLength(2);
    await clock.advance(minutes(350) - 1);
    await find(keys);
    await clock.advance(1);
    await expect(find(keys)).rejects.toThrow(busy(/cannot be read; try again/));
    it.becomes(good);
    await clock.advance(minutes(1));
    await find(keys);
  });

  test('is asked once by many requests, and then left alone for a while', async () => {
    await using it = await issuer(broken);
    const clock = new ManualClock();
    const { keys } = issuerKeys(new URL(`${it.url}/keys`), clock);
    const ask = async () => await Promise.allSettled(Array.from({ length: 50 }, () => find(keys)));
    expect(new Set((await ask()).map(({ status }) => status))).toEqual(new Set(['rejected']));
    await ask();
    expect(it.hits).toHaveLength(1);
    it.becomes(good);
    await clock.advance(10_000);
    expect(new Set((await ask()).map(({ status }) => status))).toEqual(new Set(['fulfilled']));
    expect(it.hits).toHaveLength(2);
  });

  test('is not asked for every invented key id, and not at all for a known one', async () => {
    await using it = await issuer(good);
    const clock = new ManualClock();
    const { keys } = issuerKeys(new URL(`${it.url}/keys`), clock);
    const invented = async (): Promise<void> => {
      for (let index = 0; index < 50; index += 1) {
        await expect(find(keys, `invented-${index}`)).rejects.toThrow(errors.JWKSNoMatchingKey);
      }
    };
    await invented();
    await clock.advance(29_999);
    await invented();
    expect(it.hits).toHaveLength(1);
    await clock.advance(1);
    await invented();
    expect(it.hits).toHaveLength(2);
    it.becomes(broken);
    await clock.advance(31_000);
    await invented();
    await find(keys);
    expect(it.hits).toHaveLength(3);
  });

  test('has a rotated key found within half a minute', async () => {
    await using other = await startKeyServer();
    await using it = await issuer(good);
    const clock = new ManualClock();
    const { keys } = issuerKeys(new URL(`${it.url}/keys`), clock);
    await find(keys);
    it.becomes((_req, res) => res.end(JSON.stringify({ keys: [{ ...other.publicJWK, kid: 'new' }] })));
    await clock.advance(31_000);
    await find(keys, 'new');
    await expect(find(keys)).rejects.toThrow(errors.JWKSNoMatchingKey);
  });
});

describe('what a reading ends with', () => {
  /** Keys from a function in place of an issuer. */
  const keysFrom = (read: () => Promise<never>, clock: ManualClock): IssuerKeys =>
    new IssuerKeys({ read, clock, random: () => 0, logger: pino({ enabled: false }) });

  test('a bug is thrown as one, and is neither waited out nor taken for an issuer that is away', async () => {
    const bug = new TypeError('a bug');
    let readings = 0;
    const broke = keysFrom(() => {
      readings += 1;
      return Promise.reject(bug);
    }, new ManualClock());
    await expect(find(broke)).rejects.toBe(bug);
    await expect(find(broke)).rejects.toBe(bug);
    expect(readings).toBe(2);
    await expect(broke.readFirst(new AbortController().signal)).rejects.toBe(bug);
  });

  test('a bug in reading for an unknown key id is thrown as one', async () => {
    const bug = new TypeError('a bug');
    const clock = new ManualClock();
    const sets = [Promise.resolve({ keys: [published.publicJWK] })];
    const keys = new IssuerKeys({
      read: () => sets.pop() ?? Promise.reject(bug),
      clock,
      random: () => 0,
      logger: pino({ enabled: false }),
    });
    await find(keys);
    await clock.advance(30_000);
    await expect(find(keys, 'unknown')).rejects.toBe(bug);
  });

  test('an issuer that fails is left alone between two readings at the start', async () => {
    const clock = new ManualClock();
    let readings = 0;
    const away = keysFrom(() => {
      readings += 1;
      return Promise.reject(new KeysUnavailableError('away', false));
    }, clock);
    const stop = new AbortController();
    const reading = away.readFirst(stop.signal);
    await clock.advance(0);
    expect(readings).toBe(1);
    await clock.advance(15_000);
    expect(readings).toBeGreaterThan(1);
    stop.abort();
    await reading;
  });

  test('the refusal keeps the causes for the log', async () => {
    const { keys } = issuerKeys(new URL('http://127.0.0.1:1/keys'), new ManualClock());
    await expect(find(keys)).rejects.toMatchObject({
      cause: { name: 'KeysUnavailableError', cause: expect.any(Error) },
    });
  });

  test('keys that are read at the first attempt are no event', async () => {
    await using it = await issuer(good);
    const { keys, lines } = issuerKeys(new URL(`${it.url}/keys`), new ManualClock());
    await keys.readFirst(new AbortController().signal);
    expect(lines).toEqual([]);
  });

  test.for([
    [204, 'passes'],
    [300, 'stays'],
    [404, 'stays'],
    [408, 'passes'],
    [429, 'passes'],
    [499, 'stays'],
    [500, 'passes'],
    [503, 'passes'],
  ] as const)('status %i of the key set is a problem that %s', async ([status, kind]) => {
    await using it = await issuer((_req, res) => res.writeHead(status).end());
    const { keys } = issuerKeys(new URL(`${it.url}/keys`), new ManualClock());
    await expect(find(keys)).rejects.toThrow(
      busy(kind === 'stays' ? /has to be configured differently/ : /try again/),
    );
  });

  test('the slash at the end of an issuer with a path is no part of the path of its document', async () => {
    await using it = await issuer(broken);
    const name = `${it.url}/realms/one/`;
    it.becomes((req, res) =>
      res.end(req.url === '/keys' ? keySet : JSON.stringify({ issuer: name, jwks_uri: `${it.url}/keys` })),
    );
    await find(issuerKeys(name, new ManualClock()).keys);
    expect(it.hits).toEqual(['/realms/one/.well-known/openid-configuration', '/keys']);
  });

  test('an issuer that is no URL is refused as a mistake', async () => {
    const { keys, lines } = issuerKeys('no url', new ManualClock());
    await expect(find(keys)).rejects.toThrow(busy(/has to be configured differently/));
    expect(lines).toMatchObject([{ problem: 'no url is not the URL of an issuer: check --issuer' }]);
  });
});

describe('a mistake that waiting does not mend is found at the start, and named once', () => {
  const json =
    (body: unknown): RequestListener =>
    (_req, res) =>
      res.end(JSON.stringify(body));
  const cases: readonly (readonly [string, (url: string) => RequestListener, RegExp, 'issuer' | 'keys'])[] = [
    [
      'an issuer that differs by a slash',
      (url) => json({ issuer: `${url}/`, jwks_uri: `${url}/keys` }),
      /names the issuer http.*\/, not http.*: give --issuer exactly/,
      'issuer',
    ],
    [
      'no discovery document',
      () => (_req, res) => res.writeHead(404).end('not found'),
      /openid-configuration answered 404: check --issuer/,
      'issuer',
    ],
    [
      'a page instead of a document',
      () => (_req, res) => res.end('<html>'),
      /answered with something other than JSON/,
      'issuer',
    ],
    ['another document', () => json({ ok: true }), /is not an OpenID Connect discovery document/, 'issuer'],
    [
      'no key set',
      () => (_req, res) => res.writeHead(404).end(),
      /keys answered 404: check --jwks-url/,
      'keys',
    ],
    ['a key set without keys', () => json({ keys: [] }), /is not a JWKS document with keys/, 'keys'],
    [
      'a redirect',
      () => (_req, res) => res.writeHead(302, { Location: '/other' }).end(),
      /answered 302/,
      'keys',
    ],
    [
      'an endless document',
      () => (_req, res) => res.end(`[${'1,'.repeat(200_000)}1]`),
      /answered with more than 262144 bytes/,
      'keys',
    ],
  ];
  test.for(cases)('%s', async ([, answer, problem, kind]) => {
    await using it = await issuer(broken);
    it.becomes(answer(it.url));
    const clock = new ManualClock();
    const { keys, lines } = issuerKeys(kind === 'issuer' ? it.url : new URL(`${it.url}/keys`), clock);
    const stop = new AbortController();
    const reading = keys.readFirst(stop.signal);
    await expect.poll(() => lines.length).toBe(1);
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(11_000);
      await expect(find(keys)).rejects.toThrow(
        busy(/the shim has to be configured differently, see its log/),
      );
    }
    expect(lines).toMatchObject([
      {
        level: 50,
        problem: expect.stringMatching(problem),
        msg: 'the signing keys of the token issuer cannot be read',
      },
    ]);
    expect(keys.wereRead).toBe(false);
    stop.abort();
    await reading;
  });

  test('an issuer that is only late is asked again until it answers', async () => {
    await using it = await issuer(broken);
    const clock = new ManualClock();
    const { keys, lines } = issuerKeys(new URL(`${it.url}/keys`), clock);
    const reading = keys.readFirst(new AbortController().signal);
    await expect.poll(() => lines.length).toBe(1);
    it.becomes(good);
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return keys.wereRead;
      })
      .toBe(true);
    await reading;
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the signing keys of the token issuer cannot be read',
      'the signing keys of the token issuer were read again',
    ]);
  });

  test('an issuer that cannot be reached is named with the reason', async () => {
    const { keys, lines } = issuerKeys(new URL('http://127.0.0.1:1/keys'), new ManualClock());
    await expect(find(keys)).rejects.toThrow(busy(/try again/));
    expect(lines).toMatchObject([
      {
        problem: expect.stringMatching(
          /^http:\/\/127.0.0.1:1\/keys can't be reached \(.*(ECONNREFUSED|bad port)/,
        ),
      },
    ]);
  });
});

test('an issuer is reached through the proxy of the environment, except where NO_PROXY says otherwise', async () => {
  await using proxy = await startForwardProxy();
  await using it = await issuer(broken);
  // A name that only the proxy resolves.
  const name = it.url.replace('127.0.0.1', 'issuer.example.test');
  it.becomes((req, res) =>
    res.end(req.url === '/keys' ? keySet : JSON.stringify({ issuer: name, jwks_uri: `${name}/keys` })),
  );
  await find(issuerKeys(name, systemClock, proxyRule({ httpProxy: proxy.url })).keys);
  expect(proxy.requests).toEqual([`GET ${name}/.well-known/openid-configuration`, `GET ${name}/keys`]);
  const rule = proxyRule({ httpProxy: proxy.url, noProxy: '.example.test' });
  await expect(find(issuerKeys(name, systemClock, rule).keys)).rejects.toThrow(busy(/try again/));
  expect(proxy.requests).toHaveLength(2);
});
