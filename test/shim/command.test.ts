import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sameClock } from '../harness/clock.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { SECRET } from './support/tokens.ts';

let directory: string;
let secretFile: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shim-command-'));
  secretFile = join(directory, 'secret');
  await writeFile(secretFile, SECRET);
  await writeFile(join(directory, 'empty'), '\n');
});
afterAll(() => rm(directory, { recursive: true }));

function shim(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(LAUNCHER, ['shim', ...args], {
    encoding: 'utf8',
    env: {
      ...{ PATH: process.env['PATH'], HOME: directory, KUBECONFIG: join(directory, 'none') },
      ...sameClock(),
      ...env,
    },
    timeout: 300_000,
  });
  return { status, output: `${stdout}${stderr}` };
}

describe('tuf-recovery shim is not started, and says why, with', () => {
  const keys = () => `--jwt-secret-file=${secretFile}`;
  const cases: readonly (readonly [string, () => readonly string[], RegExp, Record<string, string>?])[] = [
    [
      'no keys',
      () => ['--admin=a'],
      /exactly one of --jwt-secret-file \(or JWT_SECRET\), --jwks-url, --oidc/,
    ],
    [
      'two kinds of keys',
      () => [keys(), '--jwks-url=https://x/k', '--admin=a'],
      /exactly one of --jwt-secret-file/,
    ],
    ['no rule for admins', () => [keys()], /exactly one of --admin, --admin-claim, --server-url/],
    ['two rules for admins', () => [keys(), '--admin=a', '--admin-claim=b=c'], /exactly one of --admin/],
    [
      'public keys for any audience',
      () => ['--oidc', '--issuer=https://x', '--admin=a'],
      /give --issuer and --audience/,
    ],
    [
      'a secret and an algorithm',
      () => [keys(), '--admin=a', '--jwt-algorithm=RS256'],
      /always used with HS256/,
    ],
    ['an HMAC algorithm', () => ['--jwt-algorithm=HS256'], /Give one of RS256/],
    [
      'an empty secret',
      () => [`--jwt-secret-file=${directory}/empty`, '--admin=a'],
      /is empty: everyone could sign/,
    ],
    [
      'a secret that is not there',
      () => [`--jwt-secret-file=${directory}/none`, '--admin=a'],
      /can't be read/,
    ],
    ['a secret as a flag', () => ['--jwt-secret=x'], /unknown option '--jwt-secret/],
    ['an invalid tenant', () => ['--tenant=bob'], /ADMIN=NAMESPACE\/TARGET/],
    ['an invalid claim', () => ['--admin-claim=x'], /CLAIM=VALUE/],
    ['a URL with a password', () => ['--server-url=http://u:p@x'], /without a password/],
    ['too much tolerance', () => ['--clock-tolerance=61'], /from 0 to 60/],
    [
      'a kubeconfig that is not there',
      () => [keys(), '--admin=a', '--kubeconfig=/nowhere'],
      /kubeconfig \/nowhere does not exist/,
    ],
  ];
  test.for(cases)('%s', ([, args, text, env]) => {
    const { status, output } = shim(args(), env);
    expect(output).toMatch(text);
    expect(status).toBe(64);
    expect(output).not.toContain(SECRET);
  });
});

test('--help lists every flag and the one variable', () => {
  const { status, output } = shim(['--help']);
  expect(status).toBe(0);
  for (const word of [
    '--jwt-secret-file',
    'JWT_SECRET',
    '--tenant',
    '--decision-timeout',
    '--allow-tokens-without-expiry',
  ]) {
    expect(output).toContain(word);
  }
});
