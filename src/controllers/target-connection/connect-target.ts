import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { App } from '../../recovery/request.ts';
import { RedisStateStore } from '../../redis/redis-state-store.ts';
import type { StateStore } from '../../redis/state-store.ts';
import type { MetadataSource } from '../../storage/source.ts';
import type { TrustAnchor } from '../../tuf/verify/verification.ts';
import { bucketOptions } from './bucket-options.ts';
import type { BucketPool } from './bucket-pool.ts';
import { redisEndpoint } from './redis-endpoint.ts';
import { References } from './references.ts';
import type { TargetRules } from './target-rules.ts';
import { trustAnchor } from './trust-anchor.ts';

/** What targets are reached with. */
export interface ConnectionDependencies {
  readonly client: APIClient;
  readonly buckets: BucketPool;
  readonly rules: TargetRules;
}

/** Everything an attempt needs of its target, ready to use. */
export interface TargetConnection extends AsyncDisposable {
  readonly source: MetadataSource;
  readonly store: StateStore;
  readonly anchor: TrustAnchor;
}

/**
 * R1: reads the Secrets and ConfigMaps a target refers to, and makes its parts for one app. Nothing is sent
 * to Redis or storage yet.
 *
 * @throws TerminalError `InvalidReference`, `ForbiddenError`, or what the API client throws
 */
export async function connectTarget(
  { client, buckets, rules }: ConnectionDependencies,
  { metadata, spec }: RecoveryTarget,
  app: App,
  signal: AbortSignal,
): Promise<TargetConnection> {
  const references = new References(client, metadata.namespace ?? 'default', signal, rules);
  const anchor = await trustAnchor(spec.trust, app, references);
  const endpoint = await redisEndpoint(spec.redis, references);
  const use = await buckets.use(await bucketOptions(spec.storage, references));
  const store = new RedisStateStore(endpoint);
  return {
    anchor,
    store,
    source: use.bucket.source(`${spec.storage.prefix}/${app.adminName}/${app.appName}/`),
    async [Symbol.asyncDispose]() {
      use[Symbol.dispose]();
      await store.close();
    },
  };
}
