import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { getIfChanged } from '../../src/storage/s3/s3-conditional-get.ts';
import type { S3Limits, S3RequestEnd } from '../../src/storage/s3/s3-options.ts';
import { listAll } from '../harness/list-all.ts';
import { poll } from '../harness/poll.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const BUCKET = 'metadata';
const BODY = Buffer.alloc(300_000, 'metadata');
let s3: S3Server;
let proxy: FaultProxy;
const opened: S3Bucket[] = [];

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
  await s3.put(BUCKET, [{ key: 'app/1.root.json', body: BODY }]);
});

afterAll(async () => {
  await s3?.stop();
});

afterEach(async () => {
  for (const bucket of opened.splice(0)) {
    bucket.destroy();
  }
  await proxy?.[Symbol.asyncDispose]();
});

interface Situation {
  readonly limits?: Partial<S3Limits>;
  /** The last fault is met again and again. */
  readonly forever?: boolean;
  /** An object was read before: later ones go past the SDK's middleware. */
  readonly warm?: boolean;
}

/** A bucket behind a fresh proxy where the next requests meet these faults. */
async function behind(faults: readonly Fault[], { limits, forever = false, warm = false }: Situation = {}) {
  proxy = await startFaultProxy(s3);
  const requests: S3RequestEnd[] = [];
  const bucket = await S3Bucket.open({
    bucket: BUCKET,
    access: {
      endpoint: proxy.endpoint,
      forcePathStyle: true,
      credentials: { kind: 'static', ...s3.credentials },
    },
    limits: { backoffMs: 1, ...limits },
    observer: (request) => requests.push(request),
  });
  opened.push(bucket);
  const source = bucket.source('app/');
  if (warm) {
    // Within limits that are meant for the faults: a busy machine may need longer.
    await poll('an object to be read', () => source.get('1.root.json', { maxBytes: 1_000_000 }));
  }
  requests.length = 0;
  const before = proxy.seen.length;
  const remaining = [...faults];
  proxy.inject(() => (forever && remaining.length === 1 ? remaining[0] : remaining.shift()));
  return { bucket, source, requests, sent: () => proxy.seen.length - before };
}

const slowDown: Fault = { kind: 'error', status: 503, code: 'SlowDown' };
const transient: readonly (readonly [string, Fault])[] = [
  ['SlowDown', slowDown],
  [
    '503 without a body that says why',
    { kind: 'answer', status: 503, type: 'text/html', body: '<h1>busy</h1>' },
  ],
  ['429', { kind: 'error', status: 429, code: 'TooManyRequests' }],
  ['500 InternalError', { kind: 'error', status: 500, code: 'InternalError' }],
  ['400 RequestTimeout', { kind: 'error', status: 400, code: 'RequestTimeout' }],
  ['502 of a gateway', { kind: 'answer', status: 502, type: 'text/html', body: '<h1>bad gateway</h1>' }],
  ['a connection closed before the answer', { kind: 'reset' }],
  ['a connection closed in the middle of the body', { kind: 'cut' }],
];

describe.each(
  transient.flatMap(([name, fault]) => [
    { name, when: 'the first object', fault, warm: false },
    { name, when: 'a later object', fault, warm: true },
  ]),
)('after $name while $when is read', ({ fault, warm }) => {
  test('an object is read all the same', async () => {
    const { source, requests } = await behind([fault, fault], { warm });
    expect(BODY.equals(await source.get('1.root.json', { maxBytes: 1_000_000 }))).toBe(true);
    expect(requests.map(({ attempt, result }) => [attempt, result === 'ok'])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
  });

  test('the prefix is listed all the same', async () => {
    const { source } = await behind([fault, fault], { warm });
    expect((await listAll(source)).map(({ name }) => name)).toEqual(['1.root.json']);
  });

  test('that never ends, the failure is transient and comes after the allowed number of tries', async () => {
    const { source, sent } = await behind([fault], { limits: { maxAttempts: 3 }, forever: true, warm });
    await expect(source.get('1.root.json', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      name: 'TransientError',
      code: expect.stringMatching(/^(Throttled|StorageUnreachable)$/),
    });
    expect(sent()).toBe(3);
  });
});

describe.each<{ does: string; fault: Fault; warm: boolean }>([
  { does: 'never answers', fault: { kind: 'silence' }, warm: false },
  { does: 'no longer answers', fault: { kind: 'silence' }, warm: true },
  { does: 'falls silent in the middle of the first body', fault: { kind: 'stall' }, warm: false },
  { does: 'falls silent in the middle of a later body', fault: { kind: 'stall' }, warm: true },
])('a store that $does', ({ fault, warm }) => {
  test('is given up after the silence and tried again', async () => {
    const { source, requests } = await behind([fault], { limits: { idleTimeoutMs: 300 }, warm });
    expect(BODY.equals(await source.get('1.root.json', { maxBytes: 1_000_000 }))).toBe(true);
    expect(requests.map(({ result }) => result)).toEqual(['StorageUnreachable', 'ok']);
  });

  test('for ever is reported as unreachable', async () => {
    const { source } = await behind([fault], {
      limits: { idleTimeoutMs: 50, maxAttempts: 2 },
      forever: true,
      warm,
    });
    await expect(source.get('1.root.json', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'StorageUnreachable',
      message: expect.stringContaining('sent nothing for 0.05 s'),
    });
  });

  test('is left at once when the caller gives up', async () => {
    const { source, sent } = await behind([fault], { forever: true, warm });
    const caller = new AbortController();
    const reading = source.get('1.root.json', { maxBytes: 1_000_000, signal: caller.signal });
    const reason = new Error('the run was cancelled');
    await poll('the request', () => sent() === 1);
    caller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

test('every object after the first is read past the SDK, by one request of the same form', async () => {
  const { source } = await behind([]);
  for (let i = 0; i < 3; i++) {
    await source.get('1.root.json', { maxBytes: 1_000_000 });
  }
  // The SDK marks its requests with their operation.
  expect(proxy.seen.map(({ url }) => url)).toEqual([
    '/metadata/app/1.root.json?x-id=GetObject',
    '/metadata/app/1.root.json',
    '/metadata/app/1.root.json',
  ]);
});

test('Retry-After of the store is honoured', async () => {
  const { source, requests } = await behind([
    { kind: 'error', status: 503, code: 'SlowDown', headers: { 'retry-after': '1' } },
  ]);
  const started = performance.now();
  await listAll(source);
  // A lower bound is no race: timers never fire early by more than their rounding.
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(requests).toHaveLength(2);
});

describe.each([{ warm: false }, { warm: true }])('a conditional GET, warm: $warm', ({ warm }) => {
  const key = 'app/timestamp.json';
  const options = { maxBytes: 1_000, signal: new AbortController().signal };
  const put = (body: string) => s3.put(BUCKET, [{ key, body }]);

  test('brings the object with its ETag, and afterwards only what replaced it', async () => {
    const { bucket } = await behind([], { warm });
    await put('one');
    const first = await getIfChanged(bucket, key, undefined, options);
    expect(first).toEqual({ kind: 'object', sha256: sha256('one'), etag: expect.stringMatching(/^".+"$/) });
    const etag = first.kind === 'object' ? first.etag : undefined;
    expect(await getIfChanged(bucket, key, etag, options)).toEqual({ kind: 'unchanged' });
    await put('two');
    expect(await getIfChanged(bucket, key, etag, options)).toMatchObject({ sha256: sha256('two') });
  });

  test.each(transient)('is sent again after %s', async (_, fault) => {
    const { bucket } = await behind([fault, fault], { warm });
    await put('one');
    expect(await getIfChanged(bucket, key, '"another"', options)).toMatchObject({ sha256: sha256('one') });
  });

  test.each([
    ['AccessDenied', { kind: 'error', status: 403, code: 'AccessDenied' }],
    ['NotFound', { kind: 'error', status: 404, code: 'NoSuchKey' }],
  ] as const)('fails with %s, which is no answer that it is unchanged', async (code, fault) => {
    const { bucket, sent } = await behind([fault], { forever: true, warm });
    await expect(getIfChanged(bucket, key, '"one"', options)).rejects.toMatchObject({ code });
    expect(sent()).toBe(1);
  });
});

test('only the first object of a bucket is read through the middleware of the SDK', async () => {
  const { bucket, source } = await behind([]);
  const { signal } = new AbortController();
  const key = 'app/1.root.json';
  for (const etag of [undefined, '"a"', '"b"']) {
    await getIfChanged(bucket, key, etag, { maxBytes: 1_000_000, signal });
  }
  await source.get('1.root.json', { maxBytes: 1_000_000 });
  // The SDK marks its requests; ours have the form of S3's own documentation.
  expect(proxy.seen.map(({ url }) => url)).toEqual([
    `/${BUCKET}/${key}?x-id=GetObject`,
    ...Array.from({ length: 3 }, () => `/${BUCKET}/${key}`),
  ]);
});

test('a refusal is not tried again', async () => {
  const { source } = await behind([{ kind: 'error', status: 403, code: 'AccessDenied' }], { forever: true });
  await expect(listAll(source)).rejects.toMatchObject({ code: 'AccessDenied' });
  expect(proxy.seen).toHaveLength(1);
});

test('no more requests are under way than the target allows', async () => {
  const { source } = await behind([], { limits: { concurrency: 3 } });
  const reads = Array.from({ length: 30 }, () => source.get('1.root.json', { maxBytes: 1_000_000 }));
  await Promise.all([...reads, listAll(source)]);
  expect(proxy.mostConcurrent()).toBeLessThanOrEqual(3);
  expect(proxy.mostConcurrent()).toBeGreaterThan(1);
});

test('no more requests are started per second than the target allows', async () => {
  const { source } = await behind([], { limits: { requestsPerSecond: 40 } });
  const started = performance.now();
  await Promise.all(Array.from({ length: 45 }, () => source.get('1.root.json', { maxBytes: 1_000_000 })));
  // 45 requests, 5 of them a burst, at 40 per second.
  expect(performance.now() - started).toBeGreaterThan(990);
});

test('a budget smaller than one object still lets every object through, one after the other', async () => {
  const { source } = await behind([], { limits: { maxBytesInFlight: 1_000 } });
  const bodies = await Promise.all(
    Array.from({ length: 8 }, () => source.get('1.root.json', { maxBytes: 1_000_000 })),
  );
  expect(bodies.every((body) => BODY.equals(body))).toBe(true);
});

test('a signal that outlives its requests keeps nothing of them', async () => {
  const { source } = await behind([]);
  const caller = new AbortController();
  let listeners = 0;
  const { signal } = caller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  await Promise.all(
    Array.from({ length: 10 }, () => source.get('1.root.json', { maxBytes: 1_000_000, signal })),
  );
  expect(listeners).toBe(0);
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
