import type { Verdict } from '../../api/conditions.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { TargetVerdicts } from '../../api/target-conditions.ts';
import type {
  RedisReachableReason,
  StorageReachableReason,
  TrustRootReason,
} from '../../api/target-reasons.ts';
import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { RecoveryError, TransientError } from '../../errors.ts';
import type { App } from '../../recovery/request.ts';
import { describeEndpoint, type RedisEndpoint } from '../../redis/endpoint.ts';
import { RedisStateStore } from '../../redis/redis-state-store.ts';
import type { ServerFacts } from '../../redis/state-store.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import { listPages } from '../../storage/s3/s3-pages.ts';
import { bucketOptions } from '../target-connection/bucket-options.ts';
import type { ConnectionDependencies } from '../target-connection/connect-target.ts';
import { redisEndpoint } from '../target-connection/redis-endpoint.ts';
import { References } from '../target-connection/references.ts';
import { allAnchors } from '../target-connection/trust-anchor.ts';
import { type DiscoverySweep, discoverApps, type FoundApp } from './discover.ts';
import { redisFailure, storageFailure, trustFailure } from './failures.ts';
import { type FoundPins, missingPin } from './pins.ts';
import { probeUsability, type RedisUsability } from './redis-usability.ts';
import { assertRoot } from './root.ts';

/** What Redis says of itself, and what the controller sees of it. */
export interface ProbedRedis extends ServerFacts, RedisUsability {
  readonly warnings: ServerFacts['warnings'];
}

/** What one check of a target found. */
export interface Probe {
  readonly verdicts: TargetVerdicts;
  /** Undefined when Redis did not answer. */
  readonly redis: ProbedRedis | undefined;
  /** Undefined when storage did not answer. */
  readonly apps: readonly FoundApp[] | undefined;
  /**
   * False when the time was over before all of the bucket was listed; the next probe continues from there.
   */
  readonly complete: boolean;
  readonly storage: StorageProbe;
}

/** What a {@link probeTarget} works with. */
export interface ProbeDependencies extends ConnectionDependencies {
  readonly clock: Clock;
  readonly foundPins: FoundPins;
  /** What is known of the bucket without asking it. */
  readonly knownStorage?: StorageProbe | undefined;
}

/**
 * Milliseconds for each answer: one that takes longer is a verdict, and never what keeps the others from
 * being written.
 */
const answerTimeoutMs = 10_000;
/** Milliseconds for the listing of all apps; what was not listed by then is listed by the next probe. */
const discoveryTimeoutMs = 45_000;

/**
 * Looks at Redis, storage and the trusted roots of a target, all three at once; what is wrong with one says
 * nothing about the others. Reads only.
 *
 * @throws what the API client throws when the API server does not answer: nothing is known about the target
 *   then
 */
export async function probeTarget(
  dependencies: ProbeDependencies,
  target: RecoveryTarget,
  sweep: DiscoverySweep,
  signal: AbortSignal,
): Promise<Probe> {
  const { client, rules } = dependencies;
  const { namespace = 'default' } = target.metadata;
  const references = new References(client, namespace, signal, rules);
  const [redis, storage, trust] = await Promise.all([
    probeRedis(dependencies, target, references, signal),
    dependencies.knownStorage ?? probeStorage(dependencies, target, references, sweep, signal),
    probeTrust(target, references),
  ]);
  return {
    verdicts: {
      redisReachable: redis.verdict,
      storageReachable: storage.verdict,
      trustRootLoaded: trustOf(trust, storage),
    },
    redis: redis.facts,
    apps: storage.apps,
    complete: storage.complete,
    storage,
  };
}

async function probeRedis(
  { clock }: ProbeDependencies,
  target: RecoveryTarget,
  references: References,
  signal: AbortSignal,
): Promise<{ verdict: Verdict<RedisReachableReason>; facts: ProbedRedis | undefined }> {
  const { spec } = target;
  try {
    const endpoint = await redisEndpoint(spec.redis, references);
    const where = describeEndpoint(endpoint);
    using limit = new TimeoutSignal(clock, answerTimeoutMs, () => silent('RedisTimeout', where), signal);
    const store = new RedisStateStore(endpoint);
    try {
      const facts = await probedRedis(endpoint, target, store, clock, limit.signal);
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

async function probedRedis(
  endpoint: RedisEndpoint,
  target: RecoveryTarget,
  store: RedisStateStore,
  clock: Clock,
  signal: AbortSignal,
): Promise<ProbedRedis> {
  const facts = await store.facts(signal);
  const usability = await probeUsability(endpoint, target, facts, clock.now(), signal);
  return { ...facts, ...usability, warnings: [...facts.warnings, ...usability.warnings] };
}

/** What one check of the bucket of a target found. */
export interface StorageProbe extends Pick<Probe, 'apps' | 'complete'> {
  readonly verdict: Verdict<StorageReachableReason>;
  /** A pinned root that the bucket does not hold, in words. */
  readonly missingPin?: string | undefined;
}

/** First whether the bucket can be listed at all; then which apps it holds, for as long as there is time. */
async function probeStorage(
  { buckets, clock, foundPins }: ProbeDependencies,
  { spec, status }: RecoveryTarget,
  references: References,
  sweep: DiscoverySweep,
  signal: AbortSignal,
): Promise<StorageProbe> {
  const { storage } = spec;
  try {
    using use = await buckets.use(await bucketOptions(storage, references));
    const where = `s3://${storage.bucket}/${storage.prefix}/`;
    await assertListable(clock, use.bucket, where, `${storage.prefix}/`, signal);
    using limit = new TimeoutSignal(
      clock,
      discoveryTimeoutMs,
      () => silent('StorageUnreachable', where),
      signal,
    );
    const listed = await discoverApps(use.bucket, storage.prefix, limit.signal, sweep).catch(
      (error: unknown) => {
        if (limit.expired) {
          return undefined;
        }
        throw error;
      },
    );
    const apps = listed ?? withKnown(sweep.apps, status.apps ?? []);
    const count = apps.length === 1 ? 'one app' : `${apps.length} apps`;
    const message =
      listed === undefined
        ? `${where} can be listed, but not in full within ${discoveryTimeoutMs / 1000} s: ${count} so far; the listing continues.`
        : `${where} can be listed and holds ${count}.`;
    const pin = await pinIn(clock, use.bucket, spec, apps, foundPins, signal);
    return {
      verdict: { reason: 'Reachable', message },
      apps,
      complete: listed !== undefined,
      missingPin: pin,
    };
  } catch (error) {
    return { verdict: storageFailure(error), apps: undefined, complete: true };
  }
}

/** Undefined also when the roots could not be read in time: then nothing is known about the pins. */
async function pinIn(
  clock: Clock,
  bucket: S3Bucket,
  spec: RecoveryTarget['spec'],
  apps: readonly FoundApp[],
  found: FoundPins,
  signal: AbortSignal,
): Promise<string | undefined> {
  using limit = new TimeoutSignal(
    clock,
    answerTimeoutMs,
    () => silent('StorageUnreachable', bucket.name),
    signal,
  );
  try {
    return await missingPin(bucket, spec, apps, found, limit.signal);
  } catch (error) {
    if (error instanceof RecoveryError) {
      return undefined;
    }
    throw error;
  }
}

/** Roots that can be read but are not those in the bucket are of no use. */
function trustOf(
  trust: Verdict<TrustRootReason>,
  { missingPin: message }: StorageProbe,
): Verdict<TrustRootReason> {
  return message === undefined || trust.reason !== 'Pinned' ? trust : { reason: 'PinNotInBucket', message };
}

async function assertListable(
  clock: Clock,
  bucket: S3Bucket,
  where: string,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  using limit = new TimeoutSignal(clock, answerTimeoutMs, () => silent('StorageUnreachable', where), signal);
  for await (const _ of listPages(bucket, prefix, '/', limit.signal)) {
    return;
  }
}

/** What this sweep found, and what an earlier one found that this one has not come to yet. */
function withKnown(found: readonly FoundApp[], known: readonly App[]): readonly FoundApp[] {
  const names = new Set(found.map(({ adminName, appName }) => JSON.stringify([adminName, appName])));
  const rest = known.filter(({ adminName, appName }) => !names.has(JSON.stringify([adminName, appName])));
  return [...found, ...rest.map((app) => ({ rootVersion: undefined, ...app }))];
}

function silent(code: 'RedisTimeout' | 'StorageUnreachable', where: string): TransientError {
  return new TransientError(
    code,
    `${where} did not answer within ${answerTimeoutMs / 1000} s. Check that it runs, and the network policies between it and the controller.`,
  );
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
