import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sameClock } from '../harness/clock.ts';
import { type GoldenApp, goldenApp } from '../harness/golden.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

let files: TemporaryDirectory;
let server: RedisServer;
let app: GoldenApp;

beforeAll(async () => {
  files = await temporaryDirectory('interruption');
  server = await startRedis();
  app = await goldenApp('simple');
  await app.writeTo(join(files.path, 'simple'));
});

afterAll(async () => {
  await server?.stop();
  await files?.[Symbol.asyncDispose]();
});

function start(...args: string[]) {
  const common = ['--admin', 'admin', '--app', 'simple', '--storage', join(files.path, 'simple')];
  const trust = ['--trust-on-first-use', '--reference-time', app.newest.toISOString()];
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', ...sameClock() };
  const child = spawn(LAUNCHER, ['recover', ...common, ...trust, ...args], { env });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  return { child, output };
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while another recovery holds the lock ends the wait, says so, and leaves Redis alone',
  async (signal) => {
    const redis = await server.client();
    await redis.flushall();
    await redis.set('RECOVERY_LOCK_admin_simple', 'another-owner', 'PX', 300_000);
    const { child, output } = start('--redis', server.url, '-o', 'json');
    await poll('the wait', async () => (await redis.info('commandstats')).includes('cmdstat_eval'));
    child.kill(signal);
    await once(child, 'exit');
    const [stdout, stderr] = await output;
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'Failed', reason: 'Cancelled' });
    expect(child.exitCode).toBe(130);
    expect(stderr).not.toContain('internal error');
    expect(await redis.keys('*')).toEqual(['RECOVERY_LOCK_admin_simple']);
    await redis.config('RESETSTAT');
  },
);

test('an interruption between two attempts says what was waited for', async () => {
  const { child, output } = start('--redis', 'redis://127.0.0.1:1', '--backoff-limit', '20', '-o', 'json');
  const stderr: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
  await poll('the first pause', () => stderr.join('').includes('Next try in'));
  child.kill('SIGINT');
  await once(child, 'exit');
  const [stdout] = await output;
  expect(JSON.parse(stdout)).toMatchObject({
    outcome: 'Failed',
    reason: 'Cancelled',
    message: expect.stringMatching(/^Interrupted by SIGINT\..*Redis at 127\.0\.0\.1:1/s),
  });
  expect(child.exitCode).toBe(130);
});

test('a reader that goes away is no error', async () => {
  const child = spawn('sh', ['-c', `"${LAUNCHER}" recover --help | head -c 1`], {
    env: { PATH: process.env['PATH'] },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect([stdout, stderr]).toEqual(['U', '']);
});

test('a full disk behind standard output is an error in words', async () => {
  const child = spawn('sh', ['-c', `"${LAUNCHER}" recover --help > /dev/full`], {
    env: { PATH: process.env['PATH'] },
  });
  const stderr = await text(child.stderr);
  expect(stderr).toMatch(/^error: The output can't be written: .*ENOSPC.*\n$/);
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
});
