import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { markerPrefix, signingLockPrefix } from '../../faynosync/keys.ts';
import { formatObjectKey, type ObjectKey, parseObjectKey } from '../../kube/client/object-key.ts';
import { bucketOptions } from '../target-connection/bucket-options.ts';
import type { ConnectionDependencies } from '../target-connection/connect-target.ts';
import { redisEndpoint } from '../target-connection/redis-endpoint.ts';
import { References } from '../target-connection/references.ts';
import type { Baseline } from './baseline.ts';
import { BucketWatch } from './bucket-watch.ts';
import { KeyHolders } from './key-holders.ts';
import { type RedisAvailability, RedisWatch } from './redis-watch.ts';

/** Receives what changes about the apps of a target. Calls are synchronous, cheap and must not throw. */
export interface TargetWatchListener {
  /** Redis or the bucket holds something else for this BootstrapState than before. */
  changed(state: ObjectKey): void;
  /** Changes of this target become known in another way, or Redis went away or came back. */
  availabilityChanged(target: ObjectKey): void;
  /** Other online keys of this target are shared by admins than before. */
  keysChanged(target: ObjectKey): void;
  /** The apps in the bucket of this target were listed. */
  listed(target: ObjectKey): void;
  /** The bucket of this target gives no answer any more, or does again. */
  bucketAvailabilityChanged(target: ObjectKey): void;
}

/** One watched target: its Redis, its bucket, and what was verified of its apps. */
export interface TargetWatch {
  readonly redis: RedisWatch;
  readonly bucket: BucketWatch;
  /** By the name of the BootstrapState. */
  readonly baselines: ReadonlyMap<string, Baseline>;
  readonly keys: Pick<KeyHolders, 'shared'>;
  /** Notes what was verified of an app. */
  verified(state: string, baseline: Baseline): void;
  /** Forgets what was verified of an app. */
  forget(state: string): void;
  /** Names of BootstrapStates whose metadata was signed anew since it was verified. */
  readonly signed: Set<string>;
}

/** Options of {@link TargetWatches}. */
export interface TargetWatchesOptions extends ConnectionDependencies {
  readonly listener: TargetWatchListener;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Entry extends TargetWatch {
  readonly uid: string;
  readonly generation: number;
}

const canaryPrefix = 'tuf-recovery:canary:';

/** One watch for each target that a policy guards, for as long as one does. */
export class TargetWatches {
  readonly #options: TargetWatchesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #abort = new AbortController();

  constructor(options: TargetWatchesOptions) {
    this.#options = options;
  }

  /** The watch of a target as it is now; a changed target is watched anew. */
  ensure(target: RecoveryTarget): TargetWatch {
    const id = formatObjectKey(target.metadata);
    const { uid, generation = 0 } = target.metadata;
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.uid === uid && entry.generation === generation) {
      return entry;
    }
    this.release(target.metadata);
    const opened = { uid, generation, ...this.#open(target) };
    this.#entries.set(id, opened);
    return opened;
  }

  /** The watch of a target; undefined when there is none. */
  get(target: ObjectKey): TargetWatch | undefined {
    return this.#entries.get(formatObjectKey(target));
  }

  /**
   * Opens the watch of a target anew, at once, if Redis or the bucket does not answer it: what they could not
   * be asked without is there now. Otherwise they would be asked again only after a pause.
   */
  renew(target: ObjectKey): void {
    const watch = this.get(target);
    if (watch !== undefined && (watch.redis.availability.kind === 'down' || !watch.bucket.isAnswering)) {
      // Everything of the target is reconciled then, and what is reconciled first opens the watch.
      this.release(target);
    }
  }

  /** How changes of a target become known; undefined when it is not watched. */
  availability(target: ObjectKey): RedisAvailability | undefined {
    return this.get(target)?.redis.availability;
  }

  /** Forgets what was verified of an app whose object is gone. */
  forget({ namespace, name }: ObjectKey): void {
    for (const [id, entry] of this.#entries) {
      if (parseObjectKey(id).namespace === namespace) {
        entry.forget(name);
      }
    }
  }

  /** Watches a target no longer, and forgets what was verified of its apps. */
  release(target: ObjectKey): void {
    const id = formatObjectKey(target);
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return;
    }
    this.#entries.delete(id);
    entry.redis.close();
    entry.bucket.close();
    // Or the target would go on saying that losses are reported until it is probed again.
    this.#options.listener.availabilityChanged(target);
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new Error('The controller stops.'));
    for (const entry of this.#entries.values()) {
      entry.redis.close();
      entry.bucket.close();
    }
    this.#entries.clear();
  }

  #open({ metadata, spec }: RecoveryTarget): TargetWatch {
    const { client, buckets, rules, listener, clock, random, logger } = this.#options;
    const { namespace, name } = metadata;
    const references = (): References =>
      new References(client, namespace ?? 'default', this.#abort.signal, rules);
    const signed = new Set<string>();
    const bucket = new BucketWatch({
      open: async () => buckets.use(await bucketOptions(spec.storage, references())),
      prefix: spec.storage.prefix,
      clock,
      random,
      listener: {
        signed: (state) => {
          signed.add(state);
          listener.changed({ namespace, name: state });
        },
        listed: () => listener.listed({ namespace, name }),
        failed: () => listener.bucketAvailabilityChanged({ namespace, name }),
        recovered: () => {
          logger.info({ namespace, target: name, waiting: signed.size }, 'storage answers again');
          listener.bucketAvailabilityChanged({ namespace, name });
          // What could not be verified is among them, and asks for a slot each.
          for (const state of signed) {
            listener.changed({ namespace, name: state });
          }
        },
      },
    });
    const redis = new RedisWatch({
      endpoint: () => redisEndpoint(spec.redis, references()),
      prefixes: [markerPrefix, signingLockPrefix],
      // A user that only reads may write nothing, not even a key of our own.
      canaryKey: spec.accessMode === 'ReadOnly' ? undefined : `${canaryPrefix}${randomUUID()}`,
      clock,
      random,
      listener: {
        changed: (state) => listener.changed({ namespace, name: state }),
        unknownKey: (key) => {
          if (key.startsWith(markerPrefix)) {
            bucket.listSoon();
          } else if (key.startsWith(signingLockPrefix)) {
            bucket.checkSoon(key.slice(signingLockPrefix.length));
          }
        },
        availabilityChanged: (availability) => {
          bucket.isReported = availability.kind === 'up' && availability.tracking.kind === 'immediate';
          logger.info(
            {
              namespace,
              target: name,
              availability: availability.kind,
              ...(availability.kind === 'up' && { tracking: availability.tracking }),
              ...(availability.kind === 'down' && { err: availability.error }),
            },
            'watch of Redis',
          );
          listener.availabilityChanged({ namespace, name });
        },
      },
    });
    const baselines = new Map<string, Baseline>();
    const keys = new KeyHolders();
    const reportKeys = (isOther: boolean): void => {
      if (isOther) {
        listener.keysChanged({ namespace, name });
      }
    };
    return {
      redis,
      bucket,
      signed,
      baselines,
      keys,
      verified: (state, baseline) => {
        baselines.set(state, baseline);
        reportKeys(keys.put(state, baseline.app, baseline.onlineKeyIDs));
      },
      forget: (state) => {
        baselines.delete(state);
        redis.drop(state);
        bucket.drop(state);
        reportKeys(keys.drop(state));
      },
    };
  }
}
