import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { targetHeartbeatMs } from '../../api/stored-time.ts';
import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { BucketWatch } from '../loss-detection/bucket-watch.ts';
import type { StorageProbe } from './probe.ts';

/** What the guard of a target knows of its bucket. */
export type GuardedBucket = Pick<BucketWatch, 'found' | 'isAnswering'>;

interface Known {
  /** Which state of the target it is about. */
  readonly of: string;
  readonly atMs: number;
  /** How many apps the guard had listed. */
  readonly listed: number | undefined;
  readonly storage: StorageProbe;
}

/**
 * What probes have found in the buckets of targets. It holds as long as the guard of the target, which asks
 * the bucket all the time, has answers and lists as many apps: a bucket that is guarded is not listed again
 * for every probe. Every six hours it is.
 */
export class KnownStorage {
  readonly #known = new Map<string, Known>();

  /** Notes what a probe found just now. */
  put(
    { metadata }: Pick<RecoveryTarget, 'metadata'>,
    storage: StorageProbe,
    bucket: GuardedBucket | undefined,
    nowMs: number,
  ): void {
    const listed = bucket?.found?.length;
    this.#known.set(formatObjectKey(metadata), { of: revisionOf(metadata), atMs: nowMs, listed, storage });
  }

  /** What a probe found, if it still holds. */
  get(
    { metadata }: Pick<RecoveryTarget, 'metadata'>,
    bucket: GuardedBucket | undefined,
    nowMs: number,
  ): StorageProbe | undefined {
    const known = this.#known.get(formatObjectKey(metadata));
    if (known === undefined || bucket === undefined) {
      return undefined;
    }
    const { storage, listed } = known;
    const holds =
      storage.verdict.reason === 'Reachable' &&
      storage.complete &&
      storage.missingPin === undefined &&
      known.of === revisionOf(metadata) &&
      nowMs - known.atMs < targetHeartbeatMs &&
      bucket.isAnswering &&
      listed !== undefined &&
      listed === bucket.found?.length;
    return holds ? storage : undefined;
  }

  /** Forgets a target that is gone. */
  forget(key: ObjectKey): void {
    this.#known.delete(formatObjectKey(key));
  }
}

/** Which state of a target something was found out about: changes with its spec, and when it is made anew. */
export function revisionOf({ uid, generation }: RecoveryTarget['metadata']): string {
  return `${uid}/${generation}`;
}
