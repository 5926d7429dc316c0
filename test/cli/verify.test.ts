import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';
import { runCLI, runJSON } from './run-cli.ts';

const BUCKET = 'metadata';
const CANARY = 'canary-5ecret';
/** While the recorded metadata was fresh. */
const FRESH = ['--reference-time', '2026-11-23T12:00:00Z'];
const HEADS = {
  root: 1,
  timestamp: 1,
  snapshot: 1,
  targets: 1,
  delegated: { default: 1, nightly: 1, 'Beta-Channel': 1 },
};

let files: TemporaryDirectory;
let app: GoldenApp;
let s3: S3Server;
let pin: string;

beforeAll(async () => {
  files = await temporaryDirectory('verify');
  app = await goldenApp('deleg');
  await app.writeTo(join(files.path, 'deleg'));
  s3 = await startS3({ buckets: [BUCKET] });
  await app.putInto(s3, BUCKET);
  const root = await readFile(join(files.path, 'deleg/1.root.json'));
  pin = createHash('sha256').update(root).digest('hex');
  await writeFile(join(files.path, 'root.json'), root);
});

afterAll(async () => {
  await s3?.stop();
  await files?.[Symbol.asyncDispose]();
});

function directory(): string {
  return join(files.path, 'deleg');
}

function s3Environment(): Record<string, string> {
  return {
    S3_ACCESS_KEY: s3.credentials.accessKeyId,
    S3_SECRET_KEY: s3.credentials.secretAccessKey,
    S3_ENDPOINT: s3.endpoint,
    S3_REGION: s3.region,
  };
}

describe('a repository that its trusted root vouches for is trusted', () => {
  test.each<[string, () => readonly string[]]>([
    ['by the sha256 of the root', () => ['--root-sha256', pin]],
    [
      'by the sha256 as sha256sum and image tools write it',
      () => ['--root-sha256', `sha256:${pin.toUpperCase()}`],
    ],
    ['by the root itself', () => ['--root', join(files.path, 'root.json')]],
    ['on first use', () => ['--trust-on-first-use']],
  ])('%s', async (_how, trust) => {
    const { code, json } = await runJSON(['verify', directory(), ...trust(), ...FRESH]);
    expect(json).toMatchObject({ verdict: 'trusted', heads: HEADS });
    expect(code).toBe(0);
  });

  test('from S3, configured as the server is', async () => {
    const source = `s3://${BUCKET}/${app.prefix}`;
    const { code, json, stderr } = await runJSON(['verify', source, '--root-sha256', pin, ...FRESH], {
      env: s3Environment(),
    });
    expect(json).toEqual({ verdict: 'trusted', heads: HEADS, findings: [] });
    expect(code).toBe(0);
    expect(stderr).not.toContain(s3.credentials.secretAccessKey);
  });

  test('from S3, configured by flags and ambient AWS credentials', async () => {
    const { code, json } = await runJSON(
      [
        ...['verify', `s3://${BUCKET}/${app.prefix}`, '--root-sha256', pin, ...FRESH],
        ...['--s3-endpoint', s3.endpoint, '--s3-region', s3.region],
      ],
      {
        env: {
          AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        },
      },
    );
    expect(json).toMatchObject({ verdict: 'trusted', heads: HEADS });
    expect(code).toBe(0);
  });

  test('and shown to people with versions and expiry', async () => {
    const { code, stdout } = await runCLI(['verify', directory(), '--root-sha256', pin, ...FRESH]);
    expect(code).toBe(0);
    expect(stdout).toContain(`✓ Trusted  ${directory()}  as of 2026-11-23T12:00:00Z`);
    expect(stdout).toMatch(/^ {2}Beta-Channel +1 +2027-02-21T10:59:06Z +in 89 days$/m);
    expect(stdout).not.toContain('\u001b');
  });

  test('in colour when that is asked for', async () => {
    const { stdout } = await runCLI(['verify', directory(), '--root-sha256', pin], {
      env: { FORCE_COLOR: '1' },
    });
    expect(stdout).toContain('\u001b[32m✓ Trusted');
  });

  test('and shown as YAML with the same content as JSON', async () => {
    const args = ['verify', directory(), '--root-sha256', pin, '--reference-time', '2026-12-23T12:00:00Z'];
    const [yaml, { json }] = await Promise.all([runCLI([...args, '-o', 'yaml']), runJSON(args)]);
    expect(parse(yaml.stdout)).toEqual(json);
  });
});

describe('a repository is refused, with exit code 1 and the refusing finding first,', () => {
  test('when the pinned root is another one', async () => {
    const { code, json } = await runJSON(['verify', directory(), '--root-sha256', '0'.repeat(64)]);
    expect(json).toMatchObject({ verdict: 'refused', heads: null });
    expect(json['findings']).toMatchObject([
      { code: 'PinnedRootNotFound', check: 1, severity: 'wall', role: 'root' },
    ]);
    expect(code).toBe(1);
  });

  test.each([['--trust-on-first-use'], [`--root-sha256=${'0'.repeat(64)}`]])(
    'when there is no root, of which no comparison with a pin is the cure: %s',
    async (trust) => {
      const empty = join(files.path, 'empty');
      await mkdir(empty, { recursive: true });
      const { code, stdout } = await runCLI(['verify', empty, trust]);
      const unwrapped = stdout.replaceAll(/\s+/g, ' ');
      expect(unwrapped).toContain('there is no root file at all');
      expect(unwrapped).toContain("check that this is where the app's metadata lies");
      expect(unwrapped).not.toMatch(/\bpin/i);
      expect(code).toBe(1);
    },
  );

  test('when a byte of a file was changed, and says what to do', async () => {
    const damaged = join(files.path, 'damaged');
    await app.writeTo(damaged);
    const file = join(damaged, '1.nightly.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"version": 1', '"version":  1'));
    const { code, stdout } = await runCLI(['verify', damaged, '--root-sha256', pin, ...FRESH]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ Refused/);
    expect(stdout).toMatch(/RoleLengthMismatch {2}check 12, .*\n {4}nightly 1\n/);
    expect(stdout).toContain('To accept it nevertheless: --on-invalid-delegation Skip.');
    const skipped = await runJSON([
      ...['verify', damaged, '--root-sha256', pin, ...FRESH],
      ...['--on-invalid-delegation', 'Skip'],
    ]);
    expect(skipped).toMatchObject({ code: 0, json: { verdict: 'trusted' } });
  });

  test('when it is older than what was trusted before, unless that very version is accepted', async () => {
    const corpus = fileURLToPath(new URL('../../../shared/data/corpus/', import.meta.url));
    const command = [
      ...['verify', join(corpus, 'docker/old-bucket-restored-marked'), '--trust-on-first-use'],
      ...['--reference-time', '2024-09-21T12:23:08Z'],
      ...['--trusted-dir', join(corpus, 'docker/old-bucket-restored-marked.trusted')],
    ];
    const { code, json } = await runJSON(command);
    expect(json).toMatchObject({ verdict: 'refused' });
    const [first] = json['findings'] as { check: number; override: string }[];
    expect(first).toMatchObject({ check: 14, severity: 'deny', override: 'trust.acceptRollbackTo' });
    expect(code).toBe(1);
    expect((await runCLI(command)).stdout).toContain('To accept it nevertheless: --accept-rollback-to.');

    const unmarked = (await runJSON(command.slice(0, 5))).json as { heads: { timestamp: number } };
    const accepted = await runJSON([...command, '--accept-rollback-to', `${unmarked.heads.timestamp}`]);
    expect(accepted).toMatchObject({ code: 0, json: { verdict: 'trusted', heads: unmarked.heads } });
  });

  test('when it expired longer ago than a person allows; by default age is only reported', async () => {
    const command = ['verify', directory(), '--root-sha256', pin, '--reference-time', '2030-01-01T00:00:00Z'];
    expect(await runJSON(command)).toMatchObject({ code: 0, json: { verdict: 'trusted' } });
    const { code, json } = await runJSON([...command, '--max-expired-age', '86400']);
    expect({ code, verdict: json['verdict'] }).toEqual({ code: 1, verdict: 'refused' });
    const [first] = json['findings'] as unknown[];
    expect(first).toMatchObject({
      code: 'ExpiredTooLong',
      severity: 'deny',
      override: 'trust.maxExpiredAge',
    });
  });

  test('when it is below a version that a person demands', async () => {
    const command = ['verify', directory(), '--root-sha256', pin, ...FRESH];
    expect(await runJSON([...command, '--minimum-version', 'timestamp=1'])).toMatchObject({ code: 0 });
    expect(await runJSON([...command, '--minimum-version', 'timestamp=2'])).toMatchObject({
      code: 1,
      json: { verdict: 'refused', findings: [{ code: 'BelowMinimumVersion' }] },
    });
  });

  test('when it has expired and the policy is strict; in recovery that is only reported', async () => {
    const late = ['verify', directory(), '--root-sha256', pin, '--reference-time', '2026-12-01T00:00:00Z'];
    const [strict, recovery] = await Promise.all([runJSON([...late, '--policy', 'strict']), runJSON(late)]);
    expect(strict).toMatchObject({
      code: 1,
      json: { verdict: 'refused', findings: [{ check: 18, severity: 'wall' }] },
    });
    expect(recovery).toMatchObject({
      code: 0,
      json: { verdict: 'trusted', heads: HEADS, findings: [{ check: 18, severity: 'report' }] },
    });
  });
});

describe('a source that cannot be read ends with 1 and says what to do:', () => {
  const key = { AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: CANARY };
  test.each<{
    what: string;
    args: () => string[];
    env: () => Record<string, string>;
    code: string;
    message: RegExp;
  }>([
    {
      what: 'a directory that does not exist',
      args: () => [join(files.path, 'nowhere')],
      env: () => ({}),
      code: 'NotFound',
      message: /does not exist/,
    },
    {
      what: 'an unknown bucket',
      args: () => ['s3://no-such-bucket/x'],
      env: s3Environment,
      code: 'NotFound',
      message: /Bucket no-such-bucket does not exist/,
    },
    {
      what: 'an unknown access key',
      args: () => [`s3://${BUCKET}/x`, '--s3-endpoint', s3.endpoint],
      env: () => key,
      code: 'AccessDenied',
      message: /does not know the access key/,
    },
    {
      what: 'a wrong secret key',
      args: () => [`s3://${BUCKET}/x`],
      env: () => ({ ...s3Environment(), S3_SECRET_KEY: CANARY }),
      code: 'AccessDenied',
      message: /secret access key .* does not belong/,
    },
    {
      what: 'no credentials at all',
      args: () => [`s3://${BUCKET}/x`, '--s3-endpoint', s3.endpoint],
      env: () => ({}),
      code: 'AccessDenied',
      message: /No credentials for S3 .* Give an access key and its secret/,
    },
    {
      what: 'an endpoint where no process listens',
      args: () => [`s3://${BUCKET}/x`, '--s3-endpoint', 'http://127.0.0.1:1'],
      env: () => key,
      code: 'StorageUnreachable',
      message: /could not be reached/,
    },
  ])('$what', async ({ args, env, code, message }) => {
    const command = ['verify', ...args(), '--root-sha256', pin];
    const [machine, human] = await Promise.all([
      runJSON(command, { env: env() }),
      runCLI(command, { env: env() }),
    ]);
    expect(machine.json).toMatchObject({
      verdict: 'refused',
      heads: null,
      error: { code, message: expect.stringMatching(message) },
    });
    expect([machine.code, human.code]).toEqual([1, 1]);
    expect(human.stderr).toMatch(message);
    for (const { stdout, stderr } of [machine, human]) {
      expect(stdout + stderr).not.toContain(CANARY);
    }
  });
});
