import { createHash } from 'node:crypto';
import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CLIResult, runCLI } from '../cli/run-cli.ts';
import { freePort } from '../harness/free-port.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { startProcess } from '../harness/process.ts';
import { startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { answers, fieldInput, startScriptedS3 } from './field.ts';

/** While the recorded metadata was fresh. */
const FRESH = ['--reference-time', '2026-11-23T12:00:00Z'];
const FIRST_USE = '--trust-on-first-use';
const KEYS = { S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'b' };

let files: TemporaryDirectory;
let app: GoldenApp;
let repository: string;
let pin: string;

beforeAll(async () => {
  files = await temporaryDirectory('field');
  app = await goldenApp('deleg');
  repository = join(files.path, 'deleg');
  await app.writeTo(repository);
  const root = await readFile(join(repository, '1.root.json'));
  pin = createHash('sha256').update(root).digest('hex');
});

afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
});

/** The product as a person runs it; whatever the input is, it is no bug of the program. */
async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CLIResult & { text: string }> {
  const result = await runCLI(args, { env });
  const text = `${result.stdout}${result.stderr}`.replaceAll(/\s+/g, ' ');
  expect(text).not.toMatch(/internal error|at .+\.ts:\d+/);
  expect(result.code).not.toBe(70);
  return { ...result, text };
}

/** `verify` of the recorded app on a store that answers in one of the ways of input 17. */
async function verifyOn(mode: string): Promise<Awaited<ReturnType<typeof run>>> {
  const { endpoint, process } = await startScriptedS3(mode, repository, app.prefix);
  await using _ = process;
  const source = `s3://updates/${app.prefix}`;
  return await run(['verify', source, '--s3-endpoint', endpoint, '--root-sha256', pin, ...FRESH], KEYS);
}

/** `plan` of the recorded app on a store in order, with this Redis. */
async function withRedis(
  command: 'plan' | 'recover',
  redis: string,
): Promise<Awaited<ReturnType<typeof run>>> {
  const { endpoint, process } = await startScriptedS3('aws', repository, app.prefix);
  await using _ = process;
  const where = ['--s3-endpoint', endpoint, '--redis', redis];
  const what = ['--admin', app.admin, '--app', app.app, '--root-sha256', pin, '--backoff-limit', '0'];
  return await run([command, ...what, ...where, ...FRESH], { ...KEYS, S3_BUCKET_NAME: 'updates' });
}

describe("[02] credentials that can't be read are named, with their provider and their file:", () => {
  test.each([
    [
      'a token of a web identity',
      { AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent/token', AWS_ROLE_ARN: 'arn:aws:iam::1:role/x' },
      /AWS_WEB_IDENTITY_TOKEN_FILE.*\/nonexistent\/token.*Check that the file is mounted/,
    ],
    [
      'a token of a pod identity',
      {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/',
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nonexistent/token',
      },
      /EKS Pod Identity.*\/nonexistent\/token.*Check that the file is mounted/,
    ],
    ['a profile', { AWS_PROFILE: 'missing' }, /profile.*missing/i],
  ])('%s', async (_what, env, says) => {
    const { code, text } = await run(['verify', 's3://b/p', FIRST_USE], { AWS_REGION: 'eu-west-3', ...env });
    expect(text).toMatch(says);
    expect(code).not.toBe(0);
  });
});

describe('[04] the bucket is looked for where the server with this .env has it:', () => {
  test.each(['minio', 'digitalocean'])('%s', async (driver) => {
    const env = parseEnv(await readFile(fieldInput('04', `${driver}.env`), 'utf8')) as Record<string, string>;
    const { text } = await run(
      ['plan', '--admin', 'a', '--app', 'b', FIRST_USE, '--backoff-limit', '0'],
      env,
    );
    expect(text).toContain('127.0.0.1:9010');
    expect(text).not.toContain('9011');
    expect(text).toContain('s3://public/');
  });

  test('gcp, through its S3-compatible API', async () => {
    const env = parseEnv(await readFile(fieldInput('04', 'minio.env'), 'utf8')) as Record<string, string>;
    const args = ['plan', '--admin', 'a', '--app', 'b', FIRST_USE];
    const { code, text } = await run(args, { ...env, STORAGE_DRIVER: 'gcp' });
    expect(text).toMatch(/STORAGE_DRIVER=gcp.*HMAC keys.*--s3-endpoint/);
    expect(code).toBe(64);
  });
});

test('[05] a Redis without INFO is recovered, and says what was not checked', async () => {
  await using server = await startRedis({ config: [['rename-command', 'INFO ""']] });
  const { code, text } = await withRedis('recover', server.url);
  expect(text).toContain('RedisFactsWithheld');
  expect(code).toBe(0);
  expect(await app.differences(await server.client({ enableReadyCheck: false }))).toEqual([
    expect.stringContaining('BOOTSTRAP'),
  ]);
});

describe('[08] a list of kubeconfigs is read as kubectl reads it:', () => {
  test.each(['/nonexistent/config', 'empty.yaml', 'same-names.yaml'])(
    'with %s behind a good one',
    async (second) => {
      const file = second.startsWith('/') ? second : fieldInput('08', second);
      const { text } = await run(['status'], { KUBECONFIG: `${fieldInput('08', 'good.yaml')}:${file}` });
      // The server of the first file, where nothing listens.
      expect(text).toContain('127.0.0.1:7');
      expect(text).not.toMatch(/can't be read|expected a document|Duplicate/);
    },
  );
});

describe('[12] what STS refuses is said to be of STS, with its code:', () => {
  test.each([
    ['denied', /STS refused with AccessDenied.*trust policy/],
    ['noprovider', /STS refused with InvalidIdentityToken.*OIDC provider/],
    ['expired', /STS refused with ExpiredToken/],
    ['throttle', /STS.*Throttling/],
  ])('%s', async (mode, says) => {
    // The script has a port of its own; another test may run beside this one.
    const port = await freePort();
    const script = join(files.path, `sts-${mode}.mjs`);
    const text = await readFile(fieldInput('12', 'sts.mjs'), 'utf8');
    expect(text).toContain('18032');
    await writeFile(script, text.replace('18032', String(port)));
    const endpoint = `http://127.0.0.1:${port}`;
    await using _ = await startProcess({
      name: 'sts',
      command: process.execPath,
      args: [script, mode],
      ready: () => answers(endpoint),
    });
    const result = await run(['verify', 's3://b/p', FIRST_USE, '--s3-endpoint', 'http://127.0.0.1:9'], {
      AWS_ENDPOINT_URL_STS: endpoint,
      AWS_WEB_IDENTITY_TOKEN_FILE: '/etc/hostname',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      AWS_REGION: 'eu-west-3',
    });
    expect(result.text).toMatch(says);
    expect(result.text).not.toContain('s3:ListBucket');
    expect(result.code).not.toBe(0);
  });
});

test('[14] a key of a type that is not supported is said to be one', async () => {
  const { code, text } = await run(['verify', fieldInput('14', 'ml-dsa'), FIRST_USE]);
  expect(text).toMatch(
    /UnsupportedKey.*"ml-dsa" with scheme "ml-dsa-44\/1".*Restoring the file .* changes nothing/,
  );
  expect(text).not.toContain('Restore the exact file');
  expect(code).toBe(1);
});

describe('[14] the same of keys that real repositories list:', () => {
  test.each([
    ['rsa', 'rsa-pkcs1v15-sha256'],
    ['sigstore-oidc', 'Fulcio'],
  ])('%s with %s', async (keytype, scheme) => {
    const directory = join(files.path, `keys-${keytype}`);
    await cp(fieldInput('14', 'ml-dsa'), directory, { recursive: true });
    const root = join(directory, '1.root.json');
    await chmod(root, 0o644);
    // Now the keys of the root itself are of that type, too.
    const text = (await readFile(root, 'utf8')).replaceAll(/"(ml-dsa|ed25519)"/g, `"${keytype}"`);
    await writeFile(root, text.replaceAll('"ml-dsa-44/1"', `"${scheme}"`));
    const result = await run(['verify', directory, FIRST_USE]);
    expect(result.text).toMatch(new RegExp(`UnsupportedKey.*"${keytype}"`));
    expect(result.text).not.toContain('Pin the root that was distributed');
  });
});

describe('[15] names without versions', () => {
  test('are read by a strict verification, as clients read them', async () => {
    const { code, text } = await run(['verify', fieldInput('15', 'repo'), FIRST_USE, '--policy', 'strict']);
    expect(text).toContain('Trusted');
    expect(code).toBe(0);
  });

  test('are named where they are to be recovered from', async () => {
    const { code, text } = await run(['verify', fieldInput('15', 'repo'), FIRST_USE]);
    expect(text).toMatch(/UnversionedRepository.*snapshot\.json is there, and 1\.snapshot\.json is not/);
    expect(text).not.toContain('Restore the exact file');
    expect(code).toBe(1);
  });
});

describe('[17] a listing is read in the form of each store:', () => {
  test.each([
    'aws',
    'noistruncated',
    'nosize0',
    'rfc1123',
    'bom',
    'nomillis',
    'micros',
    'offset',
    'epoch',
    'True',
    'list-v1',
    'noencode',
    'pct20',
    'nokeycount',
    'nons',
    'octet',
    'foldermarker',
    'emptypage',
    'wrongsize',
    'chunked',
    'lowercasecrc',
    '503first',
    'v2-echo-raw',
    'size0',
    '206',
  ])('%s', async (mode) => {
    const { code, text } = await verifyOn(mode);
    expect(text).toContain('✓ Trusted');
    expect(code).toBe(0);
  });
});

describe('[17, 21, 23] what a store does wrong is named:', () => {
  test.each([
    ['html200', /sent no listing.*no S3 API/],
    ['302login', /redirected ListObjectsV2.*to "https:\/\/sso\.example\.com\/" \(HTTP 302\)/],
    ['cutlistclean', /answered ListObjectsV2.*can't be read.*closing tag/],
    ['cutlist', /could not be reached/],
    ['301', /another region.*eu-west-3/],
    ['307', /another region.*eu-west-3/],
    ['400region', /Set the region to garage/],
    ['400invalidarg', /refused ListObjectsV2.*InvalidArgument/],
    ['429', /throttled/],
    ['get307', /redirected GetObject.*to "\/updates\/.*signed request is not sent elsewhere/],
    ['get403html', /refused GetObject.*s3:GetObject/],
    // [21]: final, and not the store's health.
    ['501', /does not implement ListObjectsV2/],
    // [23]
    ['awschunked', /StoredEncoded.*1\.root\.json is in the chunk framing of its upload \(aws-chunked\)/],
    ['gzip', /StoredEncoded.*1\.root\.json is compressed with gzip/],
  ])('%s', async (mode, says) => {
    const { code, text } = await verifyOn(mode);
    expect(text).toMatch(says);
    expect(text).not.toContain('Compare the pin');
    expect(code).not.toBe(0);
  });
});

test('[18] a Redis that does not speak TLS is named as one', async () => {
  await using server = await startRedis();
  const { code, text } = await withRedis('plan', `rediss://${server.host}:${server.port}`);
  expect(text).toMatch(/RedisTLSFailed.*does not answer the TLS handshake/);
  expect(code).not.toBe(0);
});
