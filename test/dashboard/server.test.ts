import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { createDashboardApp } from '../../src/dashboard/server/app.ts';
import { readPage } from '../../src/dashboard/server/page-files.ts';
import type { ApprovalRequest, ViewQuery } from '../../src/dashboard/server/queries.ts';
import { HTTPServer } from '../../src/net/http-server.ts';

const token = 'a-token-that-cannot-be-guessed';
const digest = `sha256:${'a'.repeat(64)}`;

let server: HTTPServer;
let approved: ApprovalRequest[] = [];
let model: (query: ViewQuery) => unknown = (query) => query;
const listeners = new Set<() => void>();
const stop = new AbortController();

beforeAll(async () => {
  const app = createDashboardApp({
    guard: () => ({ port: server.port, token }),
    page: new Map([['', { type: 'text/html; charset=utf-8', body: Buffer.from('<p>page</p>') }]]),
    model: (query) => model(query),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    approve: async (approval) => {
      if (approval.name === 'changed') {
        throw new Error('The plan is another one now.');
      }
      approved.push(approval);
    },
    clock: systemClock,
    signal: stop.signal,
  });
  server = await HTTPServer.listen(app, { host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  stop.abort();
  await server.drain(0);
});

interface Request {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** fetch() would set Host, Origin and Sec-Fetch-Site itself. */
async function open({ path = `/${token}/`, method = 'GET', headers = {}, body }: Request = {}) {
  const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false });
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) {
    throw new Error('no response');
  }
  return response;
}

async function ask(what: Request = {}) {
  const response = await open(what);
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** An approval as the page sends it. */
function approval(change: Request = {}, body: unknown = { namespace: 'prod', name: 'run', digest }): Request {
  const headers = { 'Content-Type': 'application/json', Origin: `http://127.0.0.1:${server.port}` };
  return {
    path: `/${token}/approve`,
    method: 'POST',
    body: JSON.stringify(body),
    ...change,
    headers: { ...headers, ...change.headers },
  };
}

describe('the page', () => {
  test('is given to a client that has the token', async () => {
    expect(await ask()).toMatchObject({ status: 200, body: '<p>page</p>' });
  });

  test('may load nothing but itself, and nothing inline', async () => {
    const { headers } = await ask();
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("style-src 'self'");
    expect(policy.join()).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  test.each(['/', '/wrong/', '/events', '/approve', `/x${token}/`, `/${token.slice(0, -1)}/`, `//${token}/`])(
    '%s without the right token gives nothing',
    async (path) => {
      const { status, body, headers } = await ask({ path });
      expect([status, body]).toEqual([
        404,
        'Open the URL that the command printed: it ends with a secret.\n',
      ]);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    },
  );

  test.each(['x', '../package.json', '%2e%2e%2fpackage.json', 'events/', 'approve'])(
    'has no %s',
    async (file) => {
      expect((await ask({ path: `/${token}/${file}` })).status).toBe(404);
    },
  );
});

test('a page that is not built: the error names the command that builds it', async () => {
  await expect(readPage([pathToFileURL('/nonexistent/')])).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining('npm run build'),
  });
});

describe('a request is refused', () => {
  test.each(['evil.example', `evil.example:80`, '127.0.0.1', '[::1]:1', 'localhost.evil.example'])(
    'for the host %s: a name that was made to resolve to this machine',
    async (Host) => {
      expect((await ask({ headers: { Host } })).status).toBe(421);
      expect((await ask(approval({ headers: { Host } }))).status).toBe(421);
    },
  );

  test('not for localhost, which is this machine', async () => {
    expect((await ask({ headers: { Host: `localhost:${server.port}` } })).status).toBe(200);
  });

  test.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://localhost:1'])(
    'from the origin %s',
    async (Origin) => {
      expect((await ask({ headers: { Origin } })).status).toBe(403);
      approved = [];
      expect((await ask(approval({ headers: { Origin } }))).status).toBe(403);
      expect(approved).toEqual([]);
    },
  );

  test.each(['cross-site', 'same-site'])('that a %s page makes', async (site) => {
    expect((await ask({ headers: { 'Sec-Fetch-Site': site } })).status).toBe(403);
    expect((await ask(approval({ headers: { 'Sec-Fetch-Site': site } }))).status).toBe(403);
    // A link to the page, from the file that opens the browser.
    const navigation = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate' };
    expect((await ask({ headers: navigation })).status).toBe(200);
    expect((await ask(approval({ headers: navigation }))).status).toBe(403);
  });

  test.each(['OPTIONS', 'PUT', 'DELETE', 'HEAD'])(
    'with the method %s where it changes something',
    async (method) => {
      const { status, headers } = await ask(approval({ method, body: '' }));
      expect(status).toBe(404);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );
});

describe('an approval', () => {
  test('names run and digest, and comes from the page', async () => {
    approved = [];
    expect((await ask(approval())).status).toBe(200);
    expect(approved).toEqual([{ namespace: 'prod', name: 'run', digest }]);
  });

  test('without an Origin is none', async () => {
    const { Origin: _, ...headers } = { Origin: '', 'Content-Type': 'application/json' };
    expect((await ask({ ...approval(), headers })).status).toBe(403);
  });

  test('that the cluster refuses says why', async () => {
    const { status, body } = await ask(approval({}, { namespace: 'prod', name: 'changed', digest }));
    expect([status, JSON.parse(body)]).toEqual([409, { error: 'The plan is another one now.' }]);
  });

  test.each([
    ['no digest', { namespace: 'prod', name: 'run' }],
    ['another kind of digest', { namespace: 'prod', name: 'run', digest: 'latest' }],
    ['more than that', { namespace: 'prod', name: 'run', digest, yes: true }],
    ['no object', [digest]],
    ['a body of 1 MB', { namespace: 'prod', name: 'x'.repeat(1e6), digest }],
  ])('with %s is refused', async (_what, body) => {
    approved = [];
    expect((await ask(approval({}, body))).status).toBe(400);
    expect(approved).toEqual([]);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'as %s, which needs no preflight, is refused',
    async (type) => {
      expect((await ask(approval({ headers: { 'Content-Type': type } }))).status).toBe(400);
    },
  );
});

describe('the stream', () => {
  const grid = `/${token}/events?view=grid`;

  /** The events of a stream, one after the other. */
  async function* events(path: string): AsyncGenerator<unknown> {
    const response = await open({ path });
    expect(response.headers['content-type']).toBe('text/event-stream');
    let rest = '';
    for await (const chunk of response) {
      const parts = `${rest}${chunk}`.split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        yield JSON.parse(part.replace(/^data: /, ''));
      }
    }
  }

  test('begins with what there is, and continues with every change', async () => {
    let version = 1;
    model = () => ({ version });
    const stream = events(grid);
    expect((await stream.next()).value).toEqual({ version: 1 });
    version = 2;
    for (const listener of listeners) {
      listener();
    }
    expect((await stream.next()).value).toEqual({ version: 2 });
    await stream.return(undefined);
    await expect.poll(() => listeners.size).toBe(0);
  });

  test('knows what is asked for', async () => {
    model = (query) => query;
    const asked = async (path: string) => {
      const stream = events(path);
      const { value } = await stream.next();
      await stream.return(undefined);
      return value;
    };
    expect(await asked(grid)).toEqual({
      kind: 'grid',
      query: { filter: 'all', sort: 'health', search: '', page: 1 },
    });
    expect(await asked(`${grid}&filter=lost&sort=expiry&search=a%2Fb&page=3`)).toMatchObject({
      query: { filter: 'lost', sort: 'expiry', search: 'a/b', page: 3 },
    });
    expect(await asked(`/${token}/events?view=app&namespace=p&target=t&admin=a%2Fb&app=c`)).toEqual({
      kind: 'app',
      key: { namespace: 'p', target: 't', admin: 'a/b', app: 'c' },
    });
  });

  test.each([
    '',
    '?view=x',
    '?view=grid&page=0',
    '?view=grid&filter=x',
    '?view=app',
    '?view=app&namespace=&target=t&admin=a&app=b',
  ])('of %s does not exist', async (query) => {
    expect((await ask({ path: `/${token}/events${query}` })).status).toBe(400);
  });

  test('is refused beyond 32 of them, until one ends', async () => {
    model = () => ({});
    await expect.poll(() => listeners.size).toBe(0);
    const open32 = await Promise.all(Array.from({ length: 32 }, () => open({ path: grid })));
    expect((await ask({ path: grid })).status).toBe(503);
    open32[0]?.destroy();
    await expect.poll(() => listeners.size).toBe(31);
    const again = await open({ path: grid });
    expect(again.statusCode).toBe(200);
    for (const response of [...open32, again]) {
      response.destroy();
    }
    await expect.poll(() => listeners.size).toBe(0);
  });
});
