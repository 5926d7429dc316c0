import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { array, assert, constantFrom, oneof, property, string } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RecoveryError } from '../../src/errors.ts';
import { proxyRule } from '../../src/net/proxy-rule.ts';
import { redisEndpointFromURL } from '../../src/redis/endpoint.ts';
import { parseLocation } from '../../src/storage/location.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { runCLI } from './run-cli.ts';

let files: TemporaryDirectory;
let app: GoldenApp;

beforeAll(async () => {
  files = await temporaryDirectory('inputs');
  app = await goldenApp('deleg');
  await app.writeTo(join(files.path, 'deleg'));
});

afterAll(async () => {
  await files?.[Symbol.asyncDispose]();
});

const S3 = { S3_ACCESS_KEY: 'a', S3_SECRET_KEY: 'b' };
const CLOSED = ['--s3-endpoint', 'http://127.0.0.1:1'];
const verify = (place: string, ...more: string[]) => ['verify', place, '--trust-on-first-use', ...more];
const plan = (redis: string) => [
  ...['plan', '--admin', 'a', '--app', 'b', '--trust-on-first-use', '--storage', files.path],
  ...['--backoff-limit', '0', '--redis', redis],
];

const REST_OF_PLAN = ['--trust-on-first-use', '--storage', '/nowhere', '--redis', 'redis://127.0.0.1:1'];

interface Input {
  readonly what: string;
  readonly args: () => string[];
  readonly env?: Record<string, string>;
  readonly code: number;
  readonly says: RegExp;
}

const inputs: readonly Input[] = [
  {
    what: 'a % in a Redis password',
    args: () => plan('redis://:%zz@127.0.0.1:1'),
    code: 64,
    says: /Write % as %25/,
  },
  {
    what: 'a % in the name of a group',
    args: () => plan('redis-sentinel://127.0.0.1:1#%E0%A4%A'),
    code: 64,
    says: /Write % as %25/,
  },
  {
    what: 'an invalid Redis port',
    args: () => plan('redis://127.0.0.1:99999'),
    code: 64,
    says: /99999 is not/,
  },
  {
    what: 'a file URL of another host',
    args: () => verify('file://host/x'),
    code: 64,
    says: /names no file/,
  },
  { what: 'an invalid file URL', args: () => verify('file://%zz'), code: 64, says: /names no file/ },
  {
    what: 'a bucket that is an unfinished ARN',
    args: () => verify('s3://arn:aws:s3:x:y:accesspoint', '--s3-region', 'x'),
    env: S3,
    code: 1,
    says: /can't be addressed/,
  },
  {
    what: 'an invalid region',
    args: () => verify('s3://b/x', '--s3-region', 'a b'),
    env: S3,
    code: 1,
    says: /can't be addressed \(Region not accepted/,
  },
  {
    what: 'a region that only a store of its own knows',
    args: () => verify('s3://b/x', ...CLOSED, '--s3-region', 'eu_west'),
    env: S3,
    code: 1,
    says: /region eu_west\) could not be reached/,
  },
  {
    what: 'a line end in the access key',
    args: () => verify('s3://b/x', ...CLOSED),
    env: { ...S3, S3_ACCESS_KEY: 'a\nb' },
    code: 1,
    says: /hold a character that no access key has/,
  },
  {
    what: 'letters in the access key that no header can hold',
    args: () => verify('s3://b/x', ...CLOSED),
    env: { ...S3, S3_ACCESS_KEY: 'ключ' },
    code: 1,
    says: /hold a character that no access key has/,
  },
  {
    what: 'a proxy that is no URL',
    args: () => verify('s3://b/x', '--s3-endpoint', 'https://10.0.0.1:1'),
    env: { ...S3, HTTPS_PROXY: 'http://[' },
    code: 64,
    says: /^error: HTTPS_PROXY is no URL/,
  },
  {
    what: 'a proxy that is no URL, to a cluster',
    args: () => ['status'],
    env: { HTTPS_PROXY: 'http://[' },
    code: 64,
    says: /^error: HTTPS_PROXY is no URL/,
  },
  {
    what: 'a proxy that is no URL, where none is needed',
    args: () => verify(join(files.path, 'deleg'), '--reference-time', '2026-11-23T12:00:00Z'),
    env: { HTTPS_PROXY: 'http://[' },
    code: 0,
    says: /✓ Trusted/,
  },
  {
    what: 'a proxy of a kind that there is not',
    args: () => verify('s3://b/x', '--s3-endpoint', 'https://10.0.0.1:1'),
    env: { ...S3, HTTPS_PROXY: 'ftp://proxy' },
    code: 64,
    says: /HTTPS_PROXY is none of http, https and socks5/,
  },
  {
    what: 'a SOCKS proxy to a store',
    args: () => verify('s3://b/x', '--s3-endpoint', 'https://10.0.0.1:1'),
    env: { ...S3, HTTPS_PROXY: 'socks5://127.0.0.1:1' },
    code: 64,
    says: /proxy for 10\.0\.0\.1:1 is a SOCKS proxy.*NO_PROXY/,
  },
  {
    what: 'a SOCKS proxy to AWS itself',
    args: () => verify('s3://b/x'),
    env: { ...S3, S3_REGION: 'eu-west-3', HTTPS_PROXY: 'socks5://127.0.0.1:1' },
    code: 64,
    says: /proxy for s3\.eu-west-3\.amazonaws\.com is a SOCKS proxy.*NO_PROXY/,
  },
  {
    what: 'a SOCKS proxy to STS',
    args: () => verify('s3://b/x', ...CLOSED),
    env: {
      AWS_REGION: 'eu-west-3',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/etc/hostname',
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      HTTPS_PROXY: 'socks5://127.0.0.1:1',
    },
    code: 64,
    says: /proxy for sts\.eu-west-3\.amazonaws\.com is a SOCKS proxy.*NO_PROXY/,
  },
  {
    what: 'a file in place of a directory',
    args: () => verify(join(files.path, 'deleg', '1.root.json')),
    code: 1,
    says: /1\.root\.json is a file\. Give the directory that holds the metadata/,
  },
  {
    what: 'a file in place of the storage of an app',
    args: () => [
      ...['plan', '--admin', 'a', '--app', 'b', '--trust-on-first-use', '--backoff-limit', '0'],
      ...['--storage', join(files.path, 'deleg', '1.root.json'), '--redis', 'redis://127.0.0.1:1'],
    ],
    code: 1,
    says: /1\.root\.json is a file\. Give the directory that holds the metadata/,
  },
  {
    what: 'an app that can be none',
    args: () => ['plan', '--admin', 'alice', '--app', 'my_app', ...REST_OF_PLAN],
    code: 64,
    says: /appName "my_app" is invalid/,
  },
  {
    what: 'an admin that can be none',
    args: () => ['plan', '--admin', 'al\tice', '--app', 'tuf', ...REST_OF_PLAN],
    code: 64,
    says: /adminName "al\\tice" is invalid/,
  },
  {
    what: 'an admin with too long a name',
    args: () => ['plan', '--admin', `alice${'x'.repeat(300)}`, '--app', 'tuf', ...REST_OF_PLAN],
    code: 64,
    says: /adminName "alicex+" is invalid: it has 305 characters/,
  },
];

test.each(inputs)('$what is named as the fault', async ({ args, env = {}, code, says }) => {
  const result = await runCLI(args(), { env });
  const text = `${result.stdout}${result.stderr}`.replaceAll(/\s+/g, ' ');
  expect(text).toMatch(says);
  expect(text).not.toMatch(/internal error/);
  expect(result.code).toBe(code);
});

describe('a file given as --root that is no root is a mistake in the command:', () => {
  test.each<[string, (root: Buffer) => string | Buffer, RegExp]>([
    ['empty', () => '', /is empty/],
    ['HTML', () => '<html>', /is no JSON document/],
    ['binary', () => Buffer.from([0, 255, 254, 3]), /is no JSON document/],
    ['compressed', (root) => gzipSync(root), /is compressed with gzip/],
    ['a list', () => '[]', /is no TUF metadata/],
    [
      'another role',
      (root) => root.toString().replace('"root"', '"targets"'),
      /is "targets" metadata, no root/,
    ],
    ['of TUF before 1.0', () => '{"signed":{"_type":"Root"}}', /is a root of TUF before 1\.0/],
    ['endless', () => Buffer.alloc(600_000, ' '), /600000 bytes, more than any root/],
  ])('%s', async (name, content, says) => {
    const path = join(files.path, `${name.replaceAll(' ', '-')}.json`);
    const root = app.objects.find((object) => object.name === '1.root.json')?.body ?? '';
    const signedRoot = Buffer.from(root)
      .toString()
      .replace(/"_type": ?"root"/, '"_type":"root"');
    await writeFile(path, content(Buffer.from(signedRoot)));
    const { code, stderr } = await runCLI(['verify', join(files.path, 'deleg'), '--root', path]);
    expect(stderr).toMatch(says);
    expect(stderr).toContain(path);
    expect(code).toBe(64);
  });
});

/** Texts near what the functions read. */
const pieces = oneof(
  string({ maxLength: 12 }),
  constantFrom(
    'redis://',
    'rediss://',
    'redis-sentinel://',
    'file://',
    's3://',
    'http://',
    '[::1]',
    ':',
    '@',
    '/',
  ),
  constantFrom(
    '#',
    '%',
    '%zz',
    '%E0',
    ',',
    '127.0.0.1',
    '6379',
    '99999',
    'user',
    '?',
    '\0',
    '\ud800',
    '//',
    '..',
  ),
);
const texts = array(pieces, { maxLength: 8 }).map((parts) => parts.join(''));

test.each<[string, (text: string) => unknown]>([
  ['redisEndpointFromURL', (text) => redisEndpointFromURL(text)],
  ['redisEndpointFromURL, as one', (text) => redisEndpointFromURL(`redis://${text}`)],
  ['redisEndpointFromURL, of a Sentinel', (text) => redisEndpointFromURL(`redis-sentinel://h:1#${text}`)],
  ['parseLocation', parseLocation],
  ['parseLocation, of a file', (text) => parseLocation(`file://${text}`)],
  [
    'proxyRule',
    (text) => proxyRule({ httpsProxy: text, noProxy: text })(new URL('https://s3.example.com/bucket')),
  ],
])('%s reads any text, or says what is wrong with it', (_name, read) => {
  assert(
    property(texts, (text) => {
      try {
        read(text);
      } catch (error) {
        // Anything else would be shown as an internal error.
        expect(error).toBeInstanceOf(RecoveryError);
      }
    }),
    { numRuns: 2_000 },
  );
});
