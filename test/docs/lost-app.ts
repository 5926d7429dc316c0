import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Redis } from 'ioredis';
import { type DemoApp, signDemoApp } from '../../scripts/demo/app.ts';
import { asset } from '../harness/assets.ts';
import { startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const bucket = 'updates';
const dayMs = 24 * 60 * 60 * 1000;

/** The installation the pages talk about: the app alice/tuf in S3, and a Redis that asks for a password. */
export interface LostApp extends AsyncDisposable {
  readonly app: DemoApp;
  readonly bucket: string;
  readonly s3: S3Server;
  readonly redis: Redis;
  readonly redisAddress: { readonly host: string; readonly port: number; readonly password: string };
  /** A directory with `1.root.json`, as clients have it, and the metadata as a copy of the bucket. */
  readonly directory: string;
  /** A PATH on which the programs of the pages are. */
  readonly path: string;
  /** Brings Redis to the state of the healthy app without these settings; without any, everything is lost. */
  lose(keys: readonly string[] | 'everything'): Promise<void>;
}

/** @param daysAgo when the server signed the app's metadata for the last time */
export async function startLostApp(daysAgo: number): Promise<LostApp> {
  await using stack = new AsyncDisposableStack();
  const password = 'redis-password-of-the-pages';
  const { path: directory } = stack.use(await temporaryDirectory('docs'));
  const redisServer = stack.use(await startRedis({ password }));
  const s3 = stack.use(await startS3({ buckets: [bucket] }));
  const app = signDemoApp(new Date(Date.now() - daysAgo * dayMs));
  await s3.put(bucket, app.objects);
  for (const { key, body } of app.objects) {
    const file = join(directory, key);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, body);
    if (key.endsWith('/1.root.json')) {
      await writeFile(join(directory, '1.root.json'), body);
    }
  }
  const redis = await redisServer.client();
  const owned = stack.move();
  return {
    ...{ app, bucket, s3, redis, directory },
    redisAddress: { host: redisServer.host, port: redisServer.port, password },
    path: await programs(join(directory, 'bin')),
    lose: async (keys) => {
      await redis.flushall();
      if (keys === 'everything') {
        return;
      }
      await redis.mset(app.settings);
      if (keys.length > 0) {
        await redis.del([...keys]);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function programs(directory: string): Promise<string> {
  await mkdir(directory);
  for (const name of ['kubectl', 'helm'] as const) {
    await symlink(asset(name), join(directory, name));
  }
  const redisCLI = dirname(asset('redis-server'));
  return [directory, join(process.cwd(), 'bin'), process.env['PATH'] ?? '', redisCLI].join(':');
}
