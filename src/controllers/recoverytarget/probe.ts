import type { Verdict } from '../../api/conditions.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { TargetVerdicts } from '../../api/target-conditions.ts';
import type {
  RedisReachableReason,
  StorageReachableReason,
  TrustRootReason,
} from '../../api/target-reasons.ts';
import { describeEndpoint } from '../../redis/endpoint.ts';
import { RedisStateStore } from '../../redis/redis-state-store.ts';
import type { ServerFacts } from '../../redis/state-store.ts';
import { bucketOptions } from '../target-connection/bucket-options.ts';
import type { BucketPool } from '../target-connection/bucket-pool.ts';
import type { ConnectionTools } from '../target-connection/connect-target.ts';
import { redisEndpoint } from '../target-connection/redis-endpoint.ts';
import { References } from '../target-connection/references.ts';
import { allAnchors } from '../target-connection/trust-anchor.ts';
import { discoverApps, type FoundApp } from './discover.ts';
import { redisFailure, storageFailure, trustFailure } from './failures.ts';
import { assertRoot } from './root.ts';

/** What one look at a target found. */
export interface Probe {
  readonly verdicts: TargetVerdicts;
  /** Undefined when Redis did not answer. */
  readonly redis: ServerFacts | undefined;
  /** Undefined when storage did not answer. */
  readonly apps: readonly FoundApp[] | undefined;
}

/**
 * Looks at Redis, storage and the trusted roots of a target, all three at once; what is wrong with one says nothing about the
 * others. Reads only.
 *
 * @throws what the API client throws when the API server does not answer: nothing is known about the target then
 */
export async function probeTarget(
  { client, buckets, podNamespace }: ConnectionTools,
  target: RecoveryTarget,
  signal: AbortSignal,
): Promise<Probe> {
  const { namespace = 'default' } = target.metadata;
  const references = new References(client, namespace, signal, podNamespace);
  const [redis, storage, trust] = await Promise.all([
    probeRedis(target, references, signal),
    probeStorage(target, buckets, references, signal),
    probeTrust(target, references),
  ]);
  return {
    verdicts: { redisReachable: redis.verdict, storageReachable: storage.verdict, trustRootLoaded: trust },
    redis: redis.facts,
    apps: storage.apps,
  };
}

async function probeRedis(
  { spec }: RecoveryTarget,
  references: References,
  signal: AbortSignal,
): Promise<{ verdict: Verdict<RedisReachableReason>; facts: ServerFacts | undefined }> {
  try {
    const endpoint = await redisEndpoint(spec.redis, references);
    const store = new RedisStateStore(endpoint);
    try {
      const facts = await store.facts(signal);
      const where = describeEndpoint(endpoint);
      if (facts.role === 'replica' && spec.accessMode === 'ReadWrite') {
        const message = `${where} is a replica and takes no writes. Point the target at the primary or at Sentinel, or set accessMode: ReadOnly.`;
        return { verdict: { reason: 'RedisReadOnly', message }, facts };
      }
      const version = facts.version === undefined ? '' : `, version ${facts.version}`;
      return { verdict: { reason: 'Reachable', message: `${where} answers${version}.` }, facts };
    } finally {
      await store.close();
    }
  } catch (error) {
    return { verdict: redisFailure(error), facts: undefined };
  }
}

async function probeStorage(
  { spec: { storage } }: RecoveryTarget,
  buckets: BucketPool,
  references: References,
  signal: AbortSignal,
): Promise<{ verdict: Verdict<StorageReachableReason>; apps: readonly FoundApp[] | undefined }> {
  try {
    using use = await buckets.use(await bucketOptions(storage, references));
    const apps = await discoverApps(use.bucket, storage.prefix, signal);
    const message = `s3://${storage.bucket}/${storage.prefix}/ can be listed and holds ${apps.length === 1 ? 'one app' : `${apps.length} apps`}.`;
    return { verdict: { reason: 'Reachable', message }, apps };
  } catch (error) {
    return { verdict: storageFailure(error), apps: undefined };
  }
}

async function probeTrust(
  { spec: { trust } }: RecoveryTarget,
  references: References,
): Promise<Verdict<TrustRootReason>> {
  try {
    const anchors = await allAnchors(trust, references);
    for (const anchor of anchors) {
      if (anchor.kind === 'root') {
        assertRoot(anchor.bytes);
      }
    }
    return anchors.some(({ kind }) => kind === 'first-use')
      ? {
          reason: 'TrustedOnFirstUse',
          message: 'The oldest root in the bucket is trusted, as asked for. Pin it before you rely on it.',
        }
      : {
          reason: 'Pinned',
          message: anchors.length === 1 ? 'One root is pinned.' : `${anchors.length} roots are pinned.`,
        };
  } catch (error) {
    return trustFailure(error);
  }
}
