import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../../test/harness/redis.ts';
import { temporaryDirectory } from '../../test/harness/temporary-directory.ts';
import { signDemoApp } from './app.ts';
import type { Screen } from './screen.ts';
import { readSettings } from './settings.ts';

const program = fileURLToPath(new URL('../../bin/tuf-recovery', import.meta.url));
/** A day and a half: "days left" would then be the wrong answer for every role. */
const ageMs = 1.5 * 24 * 60 * 60 * 1000;
const app = ['--admin', 'alice', '--app', 'tuf', '--storage', 'tuf_metadata'] as const;

/**
 * The story without Kubernetes: a directory with signed metadata, a real Redis that loses everything, the
 * commands `plan` and `recover`.
 *
 * @returns whether every restored setting equals the original one
 */
export async function showEngine(screen: Screen): Promise<boolean> {
  screen.chapter(
    'An app and its settings',
    '  Signed metadata lies in a directory, the state of the TUF set-up only in Redis.',
  );
  await using redisServer = await screen.step('start Redis', () => startRedis());
  await using directory = await temporaryDirectory('demo-metadata');
  const signed = await screen.step('sign the app alice/tuf, and write its settings to Redis', async () => {
    const made = signDemoApp(new Date(Date.now() - ageMs));
    for (const { key, body, lastModified } of made.objects) {
      const path = join(directory.path, key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, body);
      await utimes(path, lastModified ?? new Date(), lastModified ?? new Date());
    }
    return made;
  });
  const redis = await redisServer.client();
  await redis.mset(signed.settings);
  const original = await readSettings(redis, signed.suffix);

  screen.chapter('Redis loses everything', '  Nothing can be published, signed or refreshed any more.');
  await redis.flushall();
  screen.terminal('redis-cli FLUSHALL', 'OK');

  const run = commands(screen, directory.path, {
    REDIS_HOST: redisServer.host,
    REDIS_PORT: String(redisServer.port),
    ROOT_SHA256: signed.rootSHA256,
  });
  screen.chapter('Look first', '  The whole chain is verified against the pinned root; nothing is written.');
  const planned = await run('plan');
  screen.chapter('Bring it back', '  One atomic write, read back key by key.');
  const recovered = await run('recover');

  const restored = await readSettings(redis, signed.suffix);
  const wrong = [...original].filter(
    // The marker names the task that completed the bootstrap: after a recovery, this one.
    ([key, value]) => !key.startsWith('BOOTSTRAP_') && restored.get(key) !== value,
  );
  const right = planned === 2 && recovered === 0 && wrong.length === 0 && restored.size === original.size;
  screen.text('');
  screen.text(
    right
      ? screen.green(
          `✓ ${restored.size} of ${original.size} settings are back, ${screen.elapsed()} after the start.`,
        )
      : screen.red('✗ The restored settings differ from the original ones. This is a bug: please report it.'),
  );
  return right;
}

/** Runs commands of the program as a person would, in the directory above the metadata. */
function commands(
  screen: Screen,
  cwd: string,
  variables: Readonly<Record<string, string>>,
): (command: 'plan' | 'recover') => Promise<number | null> {
  return async (command) => {
    const shown = ['tuf-recovery', command, ...app, '--root-sha256', '"$ROOT_SHA256"'].join(' ');
    screen.command(shown);
    const child = spawn(program, [command, ...app, '--root-sha256', variables['ROOT_SHA256'] ?? ''], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The output goes through this process: whether it may be coloured is for its terminal to say.
      env: { ...process.env, ...variables, ...(screen.isColored ? { FORCE_COLOR: '1' } : {}) },
    });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    screen.output(code === 0 || code === 2 ? stdout : stdout + stderr);
    return code;
  };
}
