import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket } from '../../src/storage/s3-bucket.ts';
import type { S3Limits, S3RequestEnd } from '../../src/storage/s3-options.ts';
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
  for (const bucket of opened.splice(0)) bucket.destroy();
  await proxy?.[Symbol.asyncDispose]();
});

/** A bucket behind a fresh proxy whose first requests meet these faults, the last one again and again if `forever`. */
async function behind(faults: readonly Fault[], limits: Partial<S3Limits> = {}, forever = false) {
  proxy = await startFaultProxy(s3);
  const remaining = [...faults];
  proxy.inject(() => (forever && remaining.length === 1 ? remaining[0] : remaining.shift()));
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
  return { source: bucket.source('app/'), requests };
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

describe.each(transient)('after %s', (_name, fault) => {
  test('an object is read all the same', async () => {
    const { source, requests } = await behind([fault, fault]);
    expect(BODY.equals(await source.get('1.root.json', { maxBytes: 1_000_000 }))).toBe(true);
    expect(requests.map(({ attempt, result }) => [attempt, result === 'ok'])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
  });

  test('the prefix is listed all the same', async () => {
    const { source } = await behind([fault, fault]);
    expect((await source.list()).map(({ name }) => name)).toEqual(['1.root.json']);
  });

  test('that never ends, the failure is transient and comes after the allowed number of tries', async () => {
    const { source } = await behind([fault], { maxAttempts: 3 }, true);
    await expect(source.get('1.root.json', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      name: 'TransientError',
      code: expect.stringMatching(/^(Throttled|StorageUnreachable)$/),
    });
    expect(proxy.seen).toHaveLength(3);
  });
});

describe.each<[string, Fault]>([
  ['never answers', { kind: 'silence' }],
  ['falls silent in the middle of the body', { kind: 'stall' }],
])('a store that %s', (_name, fault) => {
  test('is given up after the silence and tried again', async () => {
    const { source, requests } = await behind([fault], { idleTimeoutMs: 300 });
    expect(BODY.equals(await source.get('1.root.json', { maxBytes: 1_000_000 }))).toBe(true);
    expect(requests.map(({ result }) => result)).toEqual(['StorageUnreachable', 'ok']);
  });

  test('for ever is reported as unreachable', async () => {
    const { source } = await behind([fault], { idleTimeoutMs: 50, maxAttempts: 2 }, true);
    await expect(source.get('1.root.json', { maxBytes: 1_000_000 })).rejects.toMatchObject({
      name: 'TransientError',
      code: 'StorageUnreachable',
      message: expect.stringContaining('sent nothing for 0.05 s'),
    });
  });

  test('is left at once when the caller gives up', async () => {
    const { source } = await behind([fault], {}, true);
    const caller = new AbortController();
    const reading = source.get('1.root.json', { maxBytes: 1_000_000, signal: caller.signal });
    const reason = new Error('the run was cancelled');
    await poll('the request', () => proxy.seen.length === 1);
    caller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

test('Retry-After of the store is honoured', async () => {
  const { source, requests } = await behind([
    { kind: 'error', status: 503, code: 'SlowDown', headers: { 'retry-after': '1' } },
  ]);
  const started = performance.now();
  await source.list();
  // A lower bound is no race: timers never fire early by more than their rounding.
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(requests).toHaveLength(2);
});

test('a refusal is not tried again', async () => {
  const { source } = await behind([{ kind: 'error', status: 403, code: 'AccessDenied' }], {}, true);
  await expect(source.list()).rejects.toMatchObject({ code: 'AccessDenied' });
  expect(proxy.seen).toHaveLength(1);
});

test('no more requests are under way than the target allows', async () => {
  const { source } = await behind([], { concurrency: 3 });
  const reads = Array.from({ length: 30 }, () => source.get('1.root.json', { maxBytes: 1_000_000 }));
  await Promise.all([...reads, source.list()]);
  expect(proxy.mostConcurrent()).toBeLessThanOrEqual(3);
  expect(proxy.mostConcurrent()).toBeGreaterThan(1);
});

test('no more requests are started per second than the target allows', async () => {
  const { source } = await behind([], { requestsPerSecond: 40 });
  const started = performance.now();
  await Promise.all(Array.from({ length: 45 }, () => source.get('1.root.json', { maxBytes: 1_000_000 })));
  // 45 requests, 5 of them a burst, at 40 per second.
  expect(performance.now() - started).toBeGreaterThan(990);
});

test('a budget smaller than one object still lets every object through, one after the other', async () => {
  const { source } = await behind([], { maxBytesInFlight: 1_000 });
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
