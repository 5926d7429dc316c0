import { createHash } from 'node:crypto';
import type { RecoveryTargetManifest } from '../../../src/api/recoverytarget.generated.ts';
import { apiVersion } from '../../../src/api/resources.ts';
import { freshApp } from '../../harness/fresh-app.ts';
import type { GoldenApp, GoldenAppName } from '../../harness/golden.ts';
import { type RedisServer, startRedis } from '../../harness/redis.ts';
import { type S3Server, startS3 } from '../../harness/s3.ts';

/** One faynoSync installation with everything lost but the bucket: a Redis, empty, and apps in S3. */
export interface Installation extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly s3: S3Server;
  readonly bucket: string;
  /** The Secrets its target refers to. */
  readonly secrets: readonly object[];
  app(name: GoldenAppName): GoldenApp;
  /** Its RecoveryTarget, with the root of every app pinned. */
  target(name?: string, change?: Partial<RecoveryTargetManifest['spec']>): RecoveryTargetManifest;
}

export const redisPassword = 'redis-test-password-77';

/**
 * Starts Redis with a password and an S3 server, and puts apps into the bucket: those of the recording as if
 * they had been signed an hour ago, because a controller judges them by its own clock.
 */
export async function startInstallation(names: readonly GoldenAppName[]): Promise<Installation> {
  const bucket = 'updates';
  const redis = await startRedis({ password: redisPassword });
  const s3 = await startS3({ buckets: [bucket] });
  const apps = new Map<GoldenAppName, GoldenApp>();
  for (const name of names) {
    const app = await freshApp(name);
    await app.putInto(s3, bucket);
    apps.set(name, app);
  }
  const app = (name: GoldenAppName): GoldenApp => {
    const found = apps.get(name);
    if (found === undefined) {
      throw new Error(`The installation was started without the app ${name}.`);
    }
    return found;
  };
  const spec = (): RecoveryTargetManifest['spec'] => ({
    redis: { address: `${redis.host}:${redis.port}`, passwordSecretRef: { name: 'redis' } },
    storage: {
      bucket,
      endpoint: s3.endpoint,
      region: s3.region,
      forcePathStyle: true,
      credentialsSecretRef: { name: 's3' },
    },
    trust: {
      apps: [...apps.values()].map((each) => ({
        adminName: each.admin,
        appName: each.app,
        rootSHA256: firstRootSHA256(each),
      })),
    },
  });
  return {
    redis,
    s3,
    bucket,
    app,
    secrets: [
      secret('redis', { password: redisPassword }),
      secret('s3', {
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      }),
    ],
    target: (name = 'default', change = {}) => ({
      apiVersion,
      kind: 'RecoveryTarget',
      metadata: { name },
      spec: { ...spec(), ...change },
    }),
    async [Symbol.asyncDispose]() {
      await redis.stop();
      await s3.stop();
    },
  };
}

/** A Secret from plain text. */
export function secret(name: string, values: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: values };
}

function firstRootSHA256(app: GoldenApp): string {
  const root = app.objects.find(({ name }) => name === '1.root.json');
  if (root === undefined) {
    throw new Error(`The app ${app.name} has no 1.root.json.`);
  }
  return createHash('sha256').update(root.body).digest('hex');
}
