import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { AttackRange, alice, RECOVERY, TASK } from './support/attack-range.ts';
import { rawRequest } from './support/raw-http.ts';
import { tokenFor } from './support/tokens.ts';

let range: AttackRange;
beforeAll(async () => {
  range = await AttackRange.start();
});
afterAll(() => range[Symbol.asyncDispose]());

describe('a caller reaches nothing of another admin', () => {
  test("another admin's task looks like one that never was", async () => {
    const own = await range.send(RECOVERY, { method: 'POST', headers: alice(), body: '{"appName":"mine"}' });
    const { data } = (await own.json()) as { data: { task_id: string } };
    const path = `${TASK}?task_id=${data.task_id}`;
    const bob = { Authorization: `Bearer ${tokenFor('bob')}` };
    const [theirs, never] = [
      await range.send(path, { headers: bob }),
      await range.send(path.replace(/.$/, 'x'), { headers: bob }),
    ];
    expect(await theirs.json()).toEqual({
      data: { task_id: data.task_id, state: 'PENDING' },
      message: 'Task state.',
    });
    expect(await never.json()).toMatchObject({ data: { state: 'PENDING' } });
    await poll('the owner to see it', async () => {
      const body = (await (await range.send(path, { headers: alice() })).json()) as {
        data: { state: string };
      };
      return body.data.state === 'RUNNING';
    });
  });

  test.for([
    ['adminName', '{"appName":"scoped-1","adminName":"bob"}', 'scoped-1'],
    ['username', '{"appName":"scoped-2","username":"bob","admin":"bob"}', 'scoped-2'],
    ['__proto__', '{"appName":"scoped-3","__proto__":{"admin":"bob","namespace":"kube-system"}}', 'scoped-3'],
    ['constructor', '{"constructor":{"prototype":{"admin":"bob"}},"appName":"scoped-4"}', 'scoped-4'],
    [
      'spec',
      '{"appName":"scoped-5","spec":{"overrides":{"replaceWrongType":true}},"targetRef":{"name":"other"}}',
      'scoped-5',
    ],
    ['duplicate keys', '{"appName":"first","appName":"scoped-6"}', 'scoped-6'],
    ['duplicate keys in two cases', '{"APPNAME":"first","appname":"scoped-7"}', 'scoped-7'],
  ])('a body cannot say who asks, or for what target: %s', async ([, body, appName]) => {
    const response = await range.send(RECOVERY, { method: 'POST', headers: alice(), body });
    expect(response.status).toBe(202);
    const run = await poll('the run', () =>
      range.controller.runs.find(({ spec }) => spec.appName === appName),
    );
    expect(run.spec).toMatchObject({ adminName: 'alice', targetRef: { name: 'default' } });
    expect(run.spec.overrides).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('admin');
  });

  test.for([
    '../other',
    'a/b',
    'a%2fb',
    'a\r\nb',
    'a\u0000b',
    'a b',
    '-a',
    'a_b',
    'é',
    '<script>',
    '.',
    "a'--",
    'x'.repeat(254),
  ])('an invalid app name is refused: %j', async (appName) => {
    const response = await range.send(RECOVERY, {
      method: 'POST',
      headers: alice(),
      body: JSON.stringify({ appName }),
    });
    expect(response.status).toBe(400);
  });

  test.for([
    '__proto__',
    'constructor',
    '../../secrets',
    '<script>alert(1)</script>',
    'x'.repeat(8_000),
    '\r\nX: y',
    '%00',
  ])('a task id is only ever a name: %j', async (id) => {
    const response = await range.send(`${TASK}?task_id=${encodeURIComponent(id)}`, { headers: alice() });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(JSON.parse(text)).toEqual({ data: { task_id: id, state: 'PENDING' }, message: 'Task state.' });
    expect(text).not.toMatch(/[<>]/);
    expect(response.headers.get('x')).toBeNull();
  });

  test('of two task ids the first counts, as on the server', async () => {
    const response = await range.send(`${TASK}?task_id=first&task_id=second`, { headers: alice() });
    expect(await response.json()).toMatchObject({ data: { task_id: 'first' } });
  });
});

describe('a request that is too much is cut off', () => {
  test.for([
    ['a body above 16 KiB', (): string => JSON.stringify({ appName: 'a', x: 'y'.repeat(16 * 1024) }), 413],
    ['a body nested 8,000 deep', (): string => '['.repeat(8_000), 400],
    ['a number beyond any', (): string => '{"appName":"a","timeout":1e309}', 400],
    ['a number with 10,000 digits', (): string => `{"appName":"a","timeout":${'9'.repeat(10_000)}}`, 400],
    ['10,000 members of one name', (): string => `{${'"":0,'.repeat(3_000)}"appName":5}`, 400],
  ] as const)('%s', async ([, body, status]) => {
    const response = await range.send(RECOVERY, { method: 'POST', headers: alice(), body: body() });
    expect(response.status).toBe(status);
  });

  test('a body in pieces that add up to more than 16 KiB', async () => {
    const pieces = new ReadableStream<Uint8Array>({
      start(stream) {
        for (let piece = 0; piece < 64; piece += 1) {
          stream.enqueue(new Uint8Array(1_024).fill(0x20));
        }
        stream.close();
      },
    });
    const response = await range.send(RECOVERY, {
      method: 'POST',
      headers: alice(),
      body: pieces,
      duplex: 'half',
    });
    expect(response.status).toBe(413);
  });

  test('a compressed body, whatever it would become', async () => {
    const body = gzipSync(Buffer.alloc(10_000_000, ' '));
    const headers = { ...alice(), 'Content-Encoding': 'gzip' };
    const response = await range.send(RECOVERY, { method: 'POST', headers, body });
    expect(response.status).toBe(415);
  });

  test('a body that comes without a token is not read at all', async () => {
    const reply = await range.raw([
      'POST /tuf/v1/bootstrap/recovery HTTP/1.1\r\nHost: shim\r\nContent-Length: 16000000\r\n\r\n{"appName":',
    ]);
    expect(reply.statuses).toEqual([401]);
    expect(reply.text).toMatch(/^connection: close\r$/im);
  });

  test.for([
    ['headers above 16 KiB', [rawRequest(`GET ${TASK}`, [`X-Big: ${'a'.repeat(17_000)}`])], 431],
    ['a target above 16 KiB', [rawRequest(`GET ${TASK}?task_id=${'a'.repeat(17_000)}`, [])], 431],
    [
      'headers that never end',
      ['GET / HTTP/1.1\r\nHost: shim\r\n', ...Array.from({ length: 50 }, () => 'X: y\r\n')],
      408,
    ],
  ] as const)('%s', async ([, pieces, status]) => {
    const reply = await range.raw(pieces, { pause: 50 });
    expect(reply.statuses).toEqual([status]);
  });

  test('a body that trickles', async () => {
    const start = `POST ${RECOVERY} HTTP/1.1\r\nHost: shim\r\nAuthorization: Bearer ${tokenFor('alice')}\r\nContent-Length: 500\r\n\r\n`;
    const reply = await range.raw([start, ...'{"appName":"slow"}'.repeat(5)], { pause: 50 });
    expect(reply.statuses).toEqual([408]);
  });
});

describe('a message that could be read in two ways is not read at all', () => {
  const chunked = '0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: shim\r\n\r\n';
  const auth = `Authorization: Bearer ${tokenFor('alice')}`;
  test.for([
    ['two lengths', rawRequest(`POST ${RECOVERY}`, [auth, 'Content-Length: 3', 'Content-Length: 30'], '{}}')],
    [
      'length and chunks',
      rawRequest(`POST ${RECOVERY}`, [auth, 'Content-Length: 6', 'Transfer-Encoding: chunked'], chunked),
    ],
    [
      'chunks and length',
      rawRequest(`POST ${RECOVERY}`, [auth, 'Transfer-Encoding: chunked', 'Content-Length: 6'], chunked),
    ],
    [
      'an encoding that is not quite chunked',
      rawRequest(`POST ${RECOVERY}`, [auth, 'Transfer-Encoding: xchunked'], chunked),
    ],
    [
      'chunked not last',
      rawRequest(`POST ${RECOVERY}`, [auth, 'Transfer-Encoding: chunked, identity'], chunked),
    ],
    ['an invalid length', rawRequest(`POST ${RECOVERY}`, [auth, 'Content-Length: +3'], '{}}')],
    ['a negative length', rawRequest(`POST ${RECOVERY}`, [auth, 'Content-Length: -1'], '{}}')],
    [
      'an invalid chunk size',
      rawRequest(`POST ${RECOVERY}`, [auth, 'Transfer-Encoding: chunked'], '0x3\r\n{}}\r\n0\r\n\r\n'),
    ],
    ['a space before the colon', rawRequest(`POST ${RECOVERY}`, [auth, 'Content-Length : 3'], '{}}')],
    ['a bare line feed in a header', rawRequest(`GET ${TASK}`, [auth, 'X: a\nContent-Length: 3'])],
    ['a NUL in a header', rawRequest(`GET ${TASK}`, [auth, 'X: a\0b'])],
    ['no host', `GET ${TASK} HTTP/1.1\r\nConnection: close\r\n\r\n`],
    ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ] as const)('%s', async ([, request]) => {
    const reply = await range.raw([request]);
    expect(reply.statuses, reply.text).toEqual([400]);
  });

  test('a header cannot grow another one in the answer or a line in the log', async () => {
    const reply = await range.raw([
      rawRequest('GET /healthz', ['X-Request-Id: abc%0d%0aX-Evil: 1', 'Origin: http://evil%0d%0aX-Evil: 1']),
    ]);
    expect(reply.statuses).toEqual([200]);
    expect(reply.text).not.toContain('X-Evil');
    expect(range.shim.log()).not.toContain('X-Evil');
  });

  test.for([
    '//tuf/v1/task',
    '/tuf//v1/task',
    '/tuf/v1/TASK',
    '/tuf/v1/t%61sk',
    '/tuf/v1/./task',
    '/tuf/v1/x/../task',
    '/tuf/v1/%2e%2e/v1/task',
    '/tuf/v1/task;x=1',
    '/tuf/v1/task%00',
    '/tuf/v1/task%',
    '/..%2f..%2fetc/passwd',
    '/metrics',
    '/tuf/v1/bootstrap',
  ])('only the exact path is served: %s', async (path) => {
    const reply = await range.raw([rawRequest(`GET ${path}?task_id=x`, [auth])]);
    expect(reply.statuses).toEqual([404]);
  });

  test.for([
    ['GET', `${TASK}/?task_id=x&y=%0d%0a`, 301, `${TASK}?task_id=x&y=%0d%0a`],
    ['POST', `${RECOVERY}/`, 307, RECOVERY],
  ] as const)(
    'a slash too many is redirected as the server does it: %s %s',
    async ([method, path, status, location]) => {
      const reply = await range.raw([rawRequest(`${method} ${path}`, [auth])]);
      expect(reply.statuses).toEqual([status]);
      expect(/^Location: (.*)\r$/m.exec(reply.text)?.[1]).toBe(location);
    },
  );

  test.for(['PUT', 'DELETE', 'PATCH', 'TRACE', 'GET'])(
    'only the right method starts a recovery: %s',
    async (method) => {
      const reply = await range.raw([
        rawRequest(
          `${method} ${RECOVERY}`,
          [auth, 'X-HTTP-Method-Override: POST', 'Content-Length: 20'],
          '{"appName":"method"}',
        ),
      ]);
      expect(reply.statuses).toEqual([404]);
    },
  );

  test.for(['', 'a b', 'é', 'x'.repeat(256), 'a\tb'])(
    'an invalid idempotency key is refused: %j',
    async (key) => {
      const reply = await range.raw([
        rawRequest(
          `POST ${RECOVERY}`,
          [auth, `Idempotency-Key: ${key}`, 'Content-Length: 21'],
          '{"appName":"badkey1"}',
        ),
      ]);
      expect(reply.statuses).toEqual([400]);
    },
  );
});

test('after all this only what alice asked for exists, and nothing secret was said', async () => {
  await range.verifyNothingGotThrough(/^(mine|scoped-\d)$/);
});
