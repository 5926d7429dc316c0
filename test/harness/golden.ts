import { existsSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { S3Object, S3Server } from './s3.ts';

const GOLDEN = fileURLToPath(new URL('../../../shared/data/golden/', import.meta.url));

/** The apps of the recording. */
export const GOLDEN_APPS = ['simple', 'deleg', 'published', 'config', 'ecdsa', 'many'] as const;

/**
 * Recordings in which settings were lost, the server signed on, and only then a recovery starts; the twins
 * are those in which what looks like the default of the server was really configured.
 */
export const DEFAULTS_CASES = [
  'defaults-all-online',
  'defaults-all-online-empty',
  'defaults-flush-during-online',
  'defaults-pubd-snapshot-publish',
  'defaults-role-online',
  'defaults-role-publish',
  'defaults-snapshot-lost-put-refused',
  'defaults-snapshot-online',
  'defaults-snapshot-publish',
  'defaults-targets-online',
  'defaults-targets-publish',
  'defaults-timestamp-online',
  'defaults-twin-born-180-7-1',
  'defaults-twin-old-365',
  'defaults-twin-put-90-7-1',
  'defaults-twin-put7-publish',
] as const;

/** One of {@link GOLDEN_APPS}, or of {@link DEFAULTS_CASES}. */
export type GoldenAppName = (typeof GOLDEN_APPS)[number] | (typeof DEFAULTS_CASES)[number];

/** What the evidence of a case says about one lost setting. */
export interface ExpectedValue {
  /** A value, `any new id`, or `uncertain: a or b`. */
  readonly expected: string;
  /** What was really configured. */
  readonly truth: string;
  readonly alsoAcceptable?: readonly string[];
}

/** Key → what a recovery should make of it, for every lost key of a case. */
export async function expectedValues(
  name: (typeof DEFAULTS_CASES)[number],
): Promise<Map<string, ExpectedValue>> {
  const text = await readFile(join(GOLDEN, name, 'expected.json'), 'utf8');
  // The recording is ours and fixed.
  return new Map(Object.entries(JSON.parse(text) as Record<string, ExpectedValue>));
}

/** When an app was recorded: healthy, or (app `config` only) around a change of its settings. */
export type GoldenMoment = 'before' | 'bootstrapped' | 'configured-not-signed';

/** What the recording's Redis held under one key. Only strings occur. */
interface GoldenValue {
  readonly type: 'string';
  readonly value: string;
  /** Milliseconds to live, −1 for ever. */
  readonly pttl: number;
}

/** What one app left in S3 and Redis. */
export interface AppRecord {
  readonly name: GoldenAppName;
  readonly admin: string;
  /** The name that S3 and Redis keys carry. */
  readonly app: string;
  /** `tuf_metadata/<admin>/<app>/` */
  readonly prefix: string;
  /** The configured expirations in days: what a recovery must find out. */
  readonly expirations: Readonly<Record<'root' | 'targets' | 'snapshot' | 'timestamp', number>>;
  /** The metadata objects with their full keys and LastModified. */
  readonly objects: readonly (S3Object & { readonly name: string; readonly lastModified: Date })[];
  /** The newest LastModified of the objects: the recording's "now". */
  readonly newest: Date;
  /** The app's settings: every key but the records of tasks. None of them expires. */
  readonly settings: ReadonlyMap<string, string>;
  /** Everything that Redis held, records of tasks included. */
  readonly redis: ReadonlyMap<string, GoldenValue>;
}

/** One app as the real server left it in S3 and Redis, and what tests do with it. */
export interface GoldenApp extends AppRecord {
  /**
   * Writes the objects as files `<name>` with their LastModified as time of change; creates the directory.
   */
  writeTo(directory: string): Promise<void>;
  /** Puts the objects into an existing bucket of a running S3 server. */
  putInto(s3: S3Server, bucket: string): Promise<void>;
  /** Sets all that the recording's Redis held, with its times to live. */
  restoreTo(redis: Redis): Promise<void>;
  /**
   * Compares a Redis with the settings: values, types and that none expires; settings that are too many too.
   * The marker BOOTSTRAP must be `taskId` where one is given, because a recovery writes its own.
   *
   * @returns one line per difference; empty when every setting is exactly as recorded
   */
  differences(redis: Redis, taskId?: string): Promise<string[]>;
}

/** Loads one app of the recording that lies beside the repository. */
export async function goldenApp(name: GoldenAppName, moment: GoldenMoment = 'before'): Promise<GoldenApp> {
  const directory = join(GOLDEN, name);
  if (!existsSync(directory)) {
    throw new Error(`The recorded app ${name} is missing: expected it at ${directory}.`);
  }
  const json = async <T>(file: string): Promise<T> =>
    // The recording is ours and fixed; a wrong shape shows at once in the tests that use it.
    JSON.parse(await readFile(join(directory, file), 'utf8')) as T;
  const about = await json<{ admin: string; name: string; expirations: GoldenApp['expirations'] }>(
    'app.json',
  );
  const manifest = await json<{ key: string; lastModified: string; contentType: string }[]>(
    `s3-manifest-${moment}.json`,
  );
  const redis = new Map(Object.entries(await json<Record<string, GoldenValue>>(`redis-${moment}.json`)));
  const prefix = `tuf_metadata/${about.admin}/${about.name}/`;
  const objects = await Promise.all(
    manifest.map(async ({ key, lastModified, contentType }) => {
      const leaf = key.slice(prefix.length);
      return {
        name: leaf,
        key,
        body: await readFile(join(directory, `s3-${moment}`, leaf)),
        lastModified: new Date(lastModified),
        contentType,
      };
    }),
  );
  const settings = new Map(
    [...redis].filter(([key]) => !key.startsWith('task:')).map(([key, { value }]) => [key, value]),
  );
  return appOf({
    name,
    admin: about.admin,
    app: about.name,
    prefix,
    expirations: about.expirations,
    objects,
    newest: new Date(Math.max(...objects.map(({ lastModified }) => lastModified.getTime()))),
    settings,
    redis,
  });
}

/** The app of a record. */
export function appOf(record: AppRecord): GoldenApp {
  const { admin, app, objects, settings, redis } = record;
  return {
    ...record,
    writeTo: async (path) => {
      await mkdir(path, { recursive: true });
      for (const { name: leaf, body, lastModified } of objects) {
        const file = join(path, encodeURIComponent(leaf));
        await writeFile(file, body);
        await utimes(file, lastModified, lastModified);
      }
    },
    putInto: (s3, bucket) => s3.put(bucket, objects),
    restoreTo: async (client) => {
      const pipeline = client.pipeline();
      for (const [key, { value, pttl }] of redis) {
        if (pttl < 0) {
          pipeline.set(key, value);
        } else {
          pipeline.set(key, value, 'PX', pttl);
        }
      }
      await pipeline.exec();
    },
    differences: (client, taskId) => differences(client, `_${admin}_${app}`, settings, taskId),
  };
}

async function differences(
  redis: Redis,
  suffix: string,
  settings: ReadonlyMap<string, string>,
  taskId: string | undefined,
): Promise<string[]> {
  const wanted = new Map(settings);
  if (taskId !== undefined) {
    wanted.set(`BOOTSTRAP${suffix}`, taskId);
  }
  const found: string[] = [];
  for (const [key, value] of wanted) {
    const type = await redis.type(key);
    if (type !== 'string') {
      found.push(`${key}: expected the string ${JSON.stringify(value)}, found ${type}`);
      continue;
    }
    const [actual, ttl] = [await redis.get(key), await redis.pttl(key)];
    if (actual !== value) {
      found.push(`${key}: expected ${JSON.stringify(value)}, found ${JSON.stringify(actual)}`);
    }
    if (ttl !== -1) {
      found.push(`${key}: expected no time to live, found ${ttl} ms`);
    }
  }
  for (const key of await redis.keys('*')) {
    if (key.endsWith(suffix) && !wanted.has(key)) {
      found.push(`${key}: expected no such key`);
    }
  }
  return found.sort();
}
