import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { S3Bucket, type S3BucketOptions } from '../../src/storage/s3/s3-bucket.ts';
import type { S3Source } from '../../src/storage/s3/s3-source.ts';
import { listAll } from '../harness/list-all.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const BUCKET = 'metadata';
const CANARY = 'canary-secret-0123456789abcdef';
let s3: S3Server;
let proxy: FaultProxy;

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
  await s3.put(BUCKET, [{ key: 'app/there.json', body: '{}' }]);
  proxy = await startFaultProxy(s3);
});

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await s3?.stop();
});

interface Given {
  readonly bucket?: string;
  readonly access?: Partial<S3BucketOptions['access']>;
}

async function failureOf(given: Given, call: 'list' | 'get' | 'second get'): Promise<Error> {
  const bucket = await S3Bucket.open({
    bucket: given.bucket ?? BUCKET,
    access: {
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentials: { kind: 'static', ...s3.credentials },
      ...given.access,
    },
    limits: { maxAttempts: 2, backoffMs: 1 },
  });
  const source = bucket.source('app/');
  try {
    if (call === 'second get') {
      await firstGet(source);
    }
    await (call === 'list' ? listAll(source) : source.get('1.root.json', { maxBytes: 100 }));
  } catch (error) {
    if (error instanceof Error) {
      return error;
    }
  } finally {
    bucket.destroy();
  }
  throw new Error('The call succeeded.');
}

/** A read that succeeds, so that the next one goes past the SDK's middleware. */
async function firstGet(source: S3Source): Promise<void> {
  const next = injected;
  inject(undefined);
  await source.get('there.json', { maxBytes: 100 });
  inject(next);
}

let injected: Fault | undefined;

function inject(fault: Fault | undefined): void {
  injected = fault;
  proxy.inject(() => injected);
}

describe('what the store refuses is said with what to do next:', () => {
  test.each<{ what: string; given: () => Given; call?: 'get'; code: string; message: RegExp }>([
    {
      what: 'a wrong secret key',
      given: () => ({
        access: {
          credentials: { kind: 'static', accessKeyId: s3.credentials.accessKeyId, secretAccessKey: CANARY },
        },
      }),
      code: 'AccessDenied',
      message: /secret access key .* does not belong to its access key ID\. Check the secret/,
    },
    {
      what: 'an unknown access key',
      given: () => ({
        access: { credentials: { kind: 'static', accessKeyId: 'nobody', secretAccessKey: CANARY } },
      }),
      code: 'AccessDenied',
      message: /does not know the access key .* Check the access key ID/,
    },
    {
      what: 'an unknown bucket',
      given: () => ({ bucket: 'no-such-bucket' }),
      code: 'NotFound',
      message:
        /^Bucket no-such-bucket does not exist on http.* Check the bucket's name, the endpoint and the region/,
    },
    {
      what: 'an unknown bucket, when reading',
      given: () => ({ bucket: 'no-such-bucket' }),
      call: 'get',
      code: 'NotFound',
      message: /^Bucket no-such-bucket does not exist/,
    },
    {
      what: 'a missing object',
      given: () => ({}),
      call: 'get',
      code: 'NotFound',
      message: /^s3:\/\/metadata\/app\/1\.root\.json does not exist\. Restore the object/,
    },
    {
      what: 'the wrong region',
      given: () => ({ access: { region: 'eu-central-1' } }),
      code: 'InvalidSource',
      message: /lives in another region\. Set the region to us-east-1/,
    },
    {
      what: 'a bucket name that no store accepts',
      given: () => ({ bucket: 'B' }),
      code: 'InvalidSource',
      message: /InvalidBucketName \(HTTP 400\)\. Check .* the bucket's name/,
    },
    {
      what: 'no process that listens',
      given: () => ({ access: { endpoint: 'http://127.0.0.1:1' } }),
      code: 'StorageUnreachable',
      message: /http:\/\/127\.0\.0\.1:1 .* could not be reached .*ECONNREFUSED/,
    },
    {
      what: 'a host that does not exist',
      given: () => ({ access: { endpoint: 'http://no-such-host.invalid' } }),
      code: 'StorageUnreachable',
      message: /could not be reached .*(ENOTFOUND|EAI_AGAIN).* Check the endpoint, DNS/,
    },
    {
      what: 'TLS spoken to a plain port',
      given: () => ({ access: { endpoint: `https://127.0.0.1:${s3.port}` } }),
      code: 'StorageUnreachable',
      message: /could not be reached/,
    },
  ])('$what', async ({ given, call, code, message }) => {
    const error = await failureOf(given(), call ?? 'list');
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain(CANARY);
    expect(error.cause).toBeInstanceOf(Error);
  });
});

describe("other stores' answers", () => {
  test.each<{
    status: number;
    code: string;
    headers?: Record<string, string>;
    expected: string;
    message: RegExp;
  }>([
    {
      status: 403,
      code: 'RequestTimeTooSkewed',
      expected: 'AccessDenied',
      message: /clocks .* 15 minutes.*NTP/,
    },
    { status: 400, code: 'ExpiredToken', expected: 'AccessDenied', message: /session token .* Renew/ },
    {
      status: 403,
      code: 'AccessDenied',
      expected: 'AccessDenied',
      message: /Grant the credentials s3:ListBucket/,
    },
    { status: 403, code: 'SomethingNew', expected: 'AccessDenied', message: /Grant the credentials/ },
    { status: 401, code: 'Unauthorized', expected: 'AccessDenied', message: /Grant the credentials/ },
    {
      status: 301,
      code: 'PermanentRedirect',
      headers: { 'x-amz-bucket-region': 'ap-south-1' },
      expected: 'InvalidSource',
      message: /Set the region to ap-south-1/,
    },
    { status: 403, code: 'InvalidObjectState', expected: 'InvalidSource', message: /archived/ },
    {
      status: 405,
      code: 'MethodNotAllowed',
      expected: 'InvalidSource',
      message: /HTTP 405.*Check that the endpoint/,
    },
    { status: 500, code: 'InternalError', expected: 'StorageUnreachable', message: /HTTP 500/ },
    { status: 503, code: 'SlowDown', expected: 'Throttled', message: /throttled every try .*SlowDown/ },
    { status: 408, code: 'RequestTimeTooLong', expected: 'StorageUnreachable', message: /failed every try/ },
    { status: 409, code: 'OperationAborted', expected: 'StorageUnreachable', message: /failed every try/ },
    { status: 501, code: 'NotImplemented', expected: 'InvalidSource', message: /does not implement/ },
    { status: 429, code: 'TooManyRequests', expected: 'Throttled', message: /throttled/ },
  ])('$status $code is $expected', async ({ status, code, headers = {}, expected, message }) => {
    inject({ kind: 'error', status, code, headers });
    const given = { access: { endpoint: proxy.endpoint } };
    const error = await failureOf(given, 'list');
    expect(error).toMatchObject({ code: expected, message: expect.stringMatching(message) });
    // Read past the SDK's middleware, a refusal means the same.
    const [first, second] = [await failureOf(given, 'get'), await failureOf(given, 'second get')];
    expect([second.name, 'code' in second && second.code, second.message]).toEqual([
      error.name,
      expected,
      first.message,
    ]);
  });
});

describe('a server that is no S3 API is not taken for an empty bucket:', () => {
  test.each([
    ['an HTML page', 'text/html', '<html><body>Welcome</body></html>'],
    ['an empty answer', 'text/plain', ''],
    ['JSON', 'application/json', '{"status":"ok"}'],
    [
      'a listing cut short',
      'application/xml',
      '<ListBucketResult><Name>metadata</Name><IsTruncated>true</IsTruncated></ListBucketResult>',
    ],
    [
      'a listing of another prefix',
      'application/xml',
      listing('<Key>other/1.root.json</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>'),
    ],
    [
      'an object without a date',
      'application/xml',
      listing('<Key>app/1.root.json</Key><Size>1</Size>'),
      /without <LastModified>/,
    ],
    [
      'an object with a date in words',
      'application/xml',
      listing('<Key>app/1.root.json</Key><LastModified>yesterday</LastModified>'),
      /<LastModified> "yesterday"/,
    ],
    [
      'an object with a date that does not exist',
      'application/xml',
      listing('<Key>app/1.root.json</Key><LastModified>2026-13-41T00:00:00Z</LastModified>'),
      /2026-13-41/,
    ],
    ['an object without a name', 'application/xml', listing('<Size>1</Size>'), /without <Key>/],
    [
      'a full page that does not say whether there is more',
      'application/xml',
      `<ListBucketResult><MaxKeys>1</MaxKeys><Contents><Key>app/a</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>`,
      /cut its listing short/,
    ],
    ['a listing under another name', 'application/xml', '<ListBuckets></ListBuckets>', /sent no listing/],
  ])('%s', async (_what, type, body, says = /Check/) => {
    proxy.inject(() => ({ kind: 'answer', status: 200, type, body }));
    const error = await failureOf({ access: { endpoint: proxy.endpoint } }, 'list');
    expect(error).toMatchObject({ code: 'InvalidSource', message: expect.stringMatching(says) });
  });

  test('nor is one that repeats its continuation token followed for ever', async () => {
    const body =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>';
    proxy.inject(() => ({ kind: 'answer', status: 200, type: 'application/xml', body }));
    const error = await failureOf({ access: { endpoint: proxy.endpoint } }, 'list');
    expect(error).toMatchObject({
      code: 'InvalidSource',
      message: expect.stringContaining('continuation token'),
    });
  });

  test.each([
    ['alternating tokens', (page: number) => `token-${page % 2}`, /repeats its continuation tokens/],
    ['tokens that repeat after seven', (page: number) => `token-${page % 7}`, /repeats its/],
    ['a new token for ever, and no keys', (page: number) => `token-${page}`, /200 empty pages in a row/],
  ])('nor is one with %s', async (_what, tokenOf, says) => {
    let page = 0;
    proxy.inject(() => {
      page += 1;
      const more = `<NextContinuationToken>${tokenOf(page)}</NextContinuationToken>`;
      const body = `<ListBucketResult><IsTruncated>true</IsTruncated>${more}</ListBucketResult>`;
      return { kind: 'answer', status: 200, type: 'application/xml', body };
    });
    const error = await failureOf({ access: { endpoint: proxy.endpoint } }, 'list');
    expect(error).toMatchObject({ code: 'InvalidSource', message: expect.stringMatching(says) });
  });

  test('nor is an endless page collected', async () => {
    proxy.inject(() => ({
      kind: 'answer',
      status: 200,
      type: 'application/xml',
      body: Buffer.alloc(17 * 1024 * 1024, ' '),
    }));
    const error = await failureOf({ access: { endpoint: proxy.endpoint } }, 'list');
    expect(error).toMatchObject({ code: 'TooLarge' });
  });
});

test('keys are decoded when the store says it encoded them, and only then', async () => {
  const entry =
    '<Key>app/1.100%25+sure.json</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>';
  const list = async (body: string) => {
    proxy.inject(() => ({ kind: 'answer', status: 200, type: 'application/xml', body }));
    const bucket = await S3Bucket.open({
      bucket: BUCKET,
      access: {
        endpoint: proxy.endpoint,
        forcePathStyle: true,
        credentials: { kind: 'static', ...s3.credentials },
      },
    });
    const names = (await listAll(bucket.source('app/'))).map(({ name }) => name);
    bucket.destroy();
    return names;
  };
  expect(await list(listing(entry))).toEqual(['1.100%25+sure.json']);
  expect(await list(listing(entry, '<EncodingType>url</EncodingType>'))).toEqual(['1.100% sure.json']);
});

function listing(entry: string, more = ''): string {
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${more}<Contents>${entry}</Contents></ListBucketResult>`;
}
