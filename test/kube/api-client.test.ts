import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test, vi } from 'vitest';
import { APIError, isExpired, isTooManyRequests } from '../../src/kube/client/api-error.ts';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { type Answer, reply, startScriptedAPI, status } from './fixtures/scriptedapi.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGETS, widget } from './fixtures/widget.ts';

const KEY = { namespace: 'n', name: 'a' };
const OBJECT = { ...widget('n', 'a'), metadata: { ...KEY, uid: 'u', resourceVersion: 'x' } };

/** Answers with each of `answers` in turn, and with the last one from then on. */
function inTurn(...answers: Answer[]): Answer {
  let next = 0;
  return (request, response) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    return answer?.(request, response);
  };
}

const ok: Answer = (_request, response) => reply(response, 200, OBJECT);
const throttled =
  (retryAfter: string, code = 429): Answer =>
  (_request, response) =>
    reply(response, code, status(code, 'TooManyRequests'), { 'retry-after': retryAfter });

test('a rotated token costs no failed call: after a 401 the credentials are read again, once', async () => {
  await using directory = await temporaryDirectory('token');
  const tokenFile = join(directory.path, 'token');
  await writeFile(tokenFile, 'old');
  let accepted = 'old';
  await using api = await startScriptedAPI((request, response) =>
    request.headers.authorization === `Bearer ${accepted}`
      ? reply(response, 200, OBJECT)
      : reply(response, 401, status(401, 'Unauthorized')),
  );
  let reads = 0;
  await using rig = testClient(() => {
    reads += 1;
    return api.config({ authProvider: { name: 'tokenFile', config: { tokenFile } } });
  });
  await rig.client.get(WIDGETS, KEY);
  // client-node would continue with the old one for up to a minute.
  await writeFile(tokenFile, 'new');
  accepted = 'new';
  const calls = await Promise.all([1, 2, 3].map(() => rig.client.get(WIDGETS, KEY)));
  expect(calls).toHaveLength(3);
  expect(reads).toBe(2);
  expect(await rig.seen.value('rest_client_requests_total', { code: '401' })).toBeLessThanOrEqual(3);
  accepted = 'another';
  const before = api.requests.length;
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ status: 401 });
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toThrow(/check the service account or kubeconfig/);
  expect(api.requests.length - before).toBe(4);
});

test('a write is repeated after a 401 too: the server did nothing', async () => {
  await using api = await startScriptedAPI(
    inTurn((_request, response) => reply(response, 401, status(401, 'Unauthorized')), ok),
  );
  await using rig = testClient(() => api.config());
  await rig.client.create(WIDGETS, widget('n', 'a'));
  expect(api.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
});

test('credentials that cannot be read are an error of their own, and not the end', async () => {
  await using directory = await temporaryDirectory('token');
  const tokenFile = join(directory.path, 'token');
  await using api = await startScriptedAPI(ok);
  await using rig = testClient(() =>
    api.config({ authProvider: { name: 'tokenFile', config: { tokenFile } } }),
  );
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ failure: 'Credentials' });
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toThrow(/could not be read: ENOENT/);
  await writeFile(tokenFile, 'late');
  await rig.client.get(WIDGETS, KEY);
  expect(api.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer late']);
});

test('a call that gets no answer ends at its own deadline, with the time in its message', async () => {
  await using api = await startScriptedAPI(() => undefined);
  await using rig = testClient(() => api.config(), { get: 50, list: 50, write: 50, watch: 50 });
  const calls = [
    rig.client.get(WIDGETS, KEY),
    rig.client.list(WIDGETS),
    rig.client.create(WIDGETS, widget('n', 'a')),
    rig.client.delete(WIDGETS, KEY),
    rig.client.apply(WIDGETS, { metadata: KEY }, { fieldManager: 'test', force: true }),
    rig.client.watch(WIDGETS, { resourceVersion: '1', timeoutSeconds: 60, idleTimeoutMs: 60_000 }).next(),
  ];
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { failure: 'Timeout' } });
    expect(result).toHaveProperty('reason.message', expect.stringContaining('50 ms'));
  }
});

test('a body that stops in the middle counts as no answer', async () => {
  await using api = await startScriptedAPI((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"kind":');
  });
  await using rig = testClient(() => api.config(), { get: 100 });
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ failure: 'Timeout' });
});

test.each([429, 503])('Retry-After of a %i is waited for, and the call then succeeds', async (code) => {
  await using api = await startScriptedAPI(inTurn(throttled('1', code), throttled('1', code), ok));
  await using rig = testClient(() => api.config());
  await rig.client.get(WIDGETS, KEY);
  const [first, second, third] = api.requests.map(({ at }) => at);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(990);
  expect((third ?? 0) - (second ?? 0)).toBeGreaterThan(990);
  expect(await rig.seen.value('rest_client_request_retries_total', { code: String(code) })).toBe(2);
});

test('what may not be done twice is not repeated: create, replace and patch', async () => {
  await using api = await startScriptedAPI(throttled('1'));
  await using rig = testClient(() => api.config());
  await expect(rig.client.create(WIDGETS, widget('n', 'a'))).rejects.toSatisfy(isTooManyRequests);
  await expect(rig.client.replace(WIDGETS, OBJECT)).rejects.toMatchObject({ retryAfterSeconds: 1 });
  await expect(rig.client.patch(WIDGETS, KEY, { type: 'merge', body: {} })).rejects.toSatisfy(
    isTooManyRequests,
  );
  expect(api.requests).toHaveLength(3);
});

test('without Retry-After, or with an unreasonable one, the caller decides', async () => {
  await using api = await startScriptedAPI(
    inTurn(
      (_request, response) => reply(response, 503, status(503, 'ServiceUnavailable')),
      throttled('86400'),
    ),
  );
  await using rig = testClient(() => api.config());
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ status: 503 });
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ retryAfterSeconds: 86_400 });
  expect(api.requests).toHaveLength(2);
});

test('an abort ends a call at once with its own reason, also one that waits for Retry-After', async () => {
  await using api = await startScriptedAPI(throttled('30'));
  await using rig = testClient(() => api.config());
  const controller = new AbortController();
  const call = rig.client.get(WIDGETS, KEY, { signal: controller.signal });
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 50);
  await expect(call).rejects.toBe(reason);
});

test('an abort ends a call whose TLS handshake hangs, and a closed client leaves no such connection', async () => {
  // The time-out of the connection would end both as well. It never comes here.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const silent = createServer();
  try {
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    // An address of TCP is no text.
    const { port } = silent.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'silent', server: `https://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'test' },
    );
    const { client } = testClient(() => config);
    const controller = new AbortController();
    const call = client.get(WIDGETS, KEY, { signal: controller.signal });
    const [socket] = (await once(silent, 'connection')) as [Socket];
    const closed = once(socket.resume(), 'close');
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await client.close();
    await closed;
  } finally {
    silent.close();
    vi.useRealTimers();
  }
});

test('a connection the server closed while idle is replaced without a failed read', async () => {
  await using api = await startScriptedAPI(
    inTurn(ok, (_request, response) => void response.socket?.destroy(), ok),
  );
  await using rig = testClient(() => api.config());
  await rig.client.get(WIDGETS, KEY);
  await rig.client.get(WIDGETS, KEY);
  expect(api.requests).toHaveLength(3);
});

test('calls share one pool: a hundred in a row do not need a third connection', async () => {
  await using api = await startScriptedAPI(ok);
  await using rig = testClient(() => api.config());
  for (let count = 0; count < 100; count += 1) {
    await rig.client.get(WIDGETS, KEY);
  }
  expect(api.connections).toBeLessThanOrEqual(2);
});

test('a list follows its pages, and starts over when a page token expires', async () => {
  const page = (names: string[], next?: string) => ({
    kind: 'WidgetList',
    metadata: { resourceVersion: 'opaque', ...(next && { continue: next }) },
    items: names.map((name) => ({ metadata: { name, resourceVersion: 'v' } })),
  });
  let lists = 0;
  let expiries = 1;
  await using api = await startScriptedAPI(({ query }, response) => {
    if (!query.has('continue')) {
      lists += 1;
      reply(response, 200, page(['a', 'b'], `second of ${lists}`));
    } else if (lists <= expiries) {
      reply(response, 410, status(410, 'Expired'));
    } else {
      reply(response, 200, page(['c']));
    }
  });
  await using rig = testClient(() => api.config());
  const list = await rig.client.list(WIDGETS, { pageSize: 2 });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  expect(list.items[0]).toMatchObject({ apiVersion: 'kube.test/v1', kind: 'Widget' });
  expect(list.resourceVersion).toBe('opaque');
  expect(api.requests.map(({ query }) => query.get('limit'))).toEqual(['2', '2', '2', '2']);

  expiries = Number.POSITIVE_INFINITY;
  const lost = rig.client.list(WIDGETS, { pageSize: 2 });
  await expect(lost).rejects.toSatisfy(isExpired);
});

test('an answer of another kind, or none at all, is no object', async () => {
  await using api = await startScriptedAPI(
    inTurn(
      (_request, response) => reply(response, 200, { ...OBJECT, kind: 'Gadget' }),
      (_request, response) => void response.writeHead(200).end('<html>'),
      (_request, response) => reply(response, 200, []),
    ),
  );
  await using rig = testClient(() => api.config());
  for (let count = 0; count < 3; count += 1) {
    await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ failure: 'Malformed' });
  }
  await expect(rig.client.list(WIDGETS)).rejects.toBeInstanceOf(ConnectionError);
});

test('an error page of a proxy becomes an APIError that quotes its beginning', async () => {
  await using api = await startScriptedAPI(
    (_request, response) => void response.writeHead(502).end('bad gateway'),
  );
  await using rig = testClient(() => api.config());
  const failing = rig.client.get(WIDGETS, KEY);
  await expect(failing).rejects.toBeInstanceOf(APIError);
  await expect(failing).rejects.toThrow('GET /apis/kube.test/v1/namespaces/n/widgets/a: 502: bad gateway');
});

test('a refused connection says so, and what to check', async () => {
  const api = await startScriptedAPI(ok);
  await using rig = testClient(() => api.config());
  await api[Symbol.asyncDispose]();
  const failing = rig.client.get(WIDGETS, KEY);
  await expect(failing).rejects.toMatchObject({ failure: 'Refused' });
  await expect(failing).rejects.toThrow(/check that the API server runs/);
  expect(await rig.seen.value('rest_client_requests_total', { code: '<error>' })).toBe(1);
});

test('warnings of the API server reach the log', async () => {
  await using api = await startScriptedAPI((_request, response) =>
    reply(response, 200, OBJECT, { warning: '299 - "kube.test/v1 Widget is deprecated"' }),
  );
  await using rig = testClient(() => api.config());
  await rig.client.get(WIDGETS, KEY);
  expect(rig.warnings).toEqual(['299 - "kube.test/v1 Widget is deprecated"']);
});

test('a call waits for the API server until its answer, and while it heeds Retry-After', async () => {
  const answers = new EventEmitter();
  await using api = await startScriptedAPI(async (_request, response) => {
    answers.emit('asked');
    await once(answers, 'go');
    return reply(response, 200, OBJECT);
  });
  await using rig = testClient(() => api.config());
  const asked = once(answers, 'asked');
  const call = rig.client.get(WIDGETS, KEY);
  await asked;
  expect(rig.waiting()).toBe(1);
  answers.emit('go');
  await call;
  expect(rig.waiting()).toBe(0);
  await using busy = await startScriptedAPI(throttled('30'));
  await using other = testClient(() => busy.config());
  const controller = new AbortController();
  const throttledCall = other.client.get(WIDGETS, KEY, { signal: controller.signal });
  await poll('the wait', async () => {
    const retries = await other.seen.value('rest_client_request_retries_total', { code: '429' });
    return retries === 1 && other.waiting() === 1;
  });
  controller.abort(new Error('enough'));
  await expect(throttledCall).rejects.toThrow('enough');
  expect(other.waiting()).toBe(0);
});

test('a call does not wait for the API server while an exec plug-in asks a person', async () => {
  await using directory = await temporaryDirectory('plug-in');
  const asks = join(directory.path, 'asks');
  const answer = join(directory.path, 'answer');
  await using api = await startScriptedAPI(ok);
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
  const script = `: >${asks}; while [ ! -e ${answer} ]; do sleep 0.05; done; echo '${JSON.stringify({ ...credential, status: { token: 't' } })}'`;
  const exec = { ...credential, command: 'sh', args: ['-c', script], interactiveMode: 'Never' };
  await using rig = testClient(() => api.config({ exec }));
  const call = rig.client.get(WIDGETS, KEY);
  await poll('the plug-in', () => existsSync(asks));
  expect(rig.waiting()).toBe(0);
  await writeFile(answer, '');
  await call;
  expect(api.requests).toHaveLength(1);
});

test.each([
  { follow: true, waiting: 0 },
  { follow: false, waiting: 1 },
])(
  'a log that is followed may be silent for as long as its container is: %o',
  async ({ follow, waiting }) => {
    await using api = await startScriptedAPI(() => {});
    await using rig = testClient(() => api.config());
    const controller = new AbortController();
    const line = rig.client.log(KEY, { container: 'c', follow, signal: controller.signal }).next();
    await poll('the request', () => api.requests.length === 1);
    expect(rig.waiting()).toBe(waiting);
    controller.abort(new Error('enough'));
    await expect(line).rejects.toThrow('enough');
  },
);

test('a closed client opens no connection again', async () => {
  await using api = await startScriptedAPI(ok);
  const rig = testClient(() => api.config());
  await rig.client.close();
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toThrow('closed');
  expect(api.requests).toHaveLength(0);
});
