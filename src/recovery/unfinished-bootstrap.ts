import { forEachInTurns } from '../async/in-turns.ts';
import { RecoveryError } from '../errors.ts';
import { BootstrapUploadProgress } from '../faynosync/bootstrap-progress.ts';
import { bootstrapLockKey, markerKey, taskKey } from '../faynosync/keys.ts';
import type { Marker } from '../faynosync/marker.ts';
import type { ObservedValue } from '../redis/state-store.ts';
import type { Verification } from '../tuf/verify/verification.ts';
import type { AttemptContext } from './attempt.ts';
import { STALE_AFTER_SECONDS } from './state/expected-state.ts';
import { bootstrapLiveness, markerIn } from './state/observed-state.ts';

/** What Redis says about the bootstrap of an app whose files are incomplete. */
export interface RedisBootstrapTrace {
  readonly marker: Marker;
  /** The bootstrap that a `pre-…` marker names. */
  readonly bootstrap: { readonly id: string; readonly alive: boolean } | undefined;
  /** The keys that the server takes for a bootstrap under way. */
  readonly keys: readonly string[];
}

/**
 * Whether Redis decides about the refusal: a bucket without root, or in which a bootstrap broke off, may be
 * one that the server is writing just now.
 */
export function isUnfinished({ hasPersistedRoot, missing }: BootstrapUploadProgress): boolean {
  return !hasPersistedRoot || missing.length > 0;
}

/** How far the bootstrap came whose files were listed. */
export async function bootstrapFilesIn(listing: Verification['listing']): Promise<BootstrapUploadProgress> {
  const files = new BootstrapUploadProgress();
  await forEachInTurns(listing, ({ name }) => files.add(name));
  return files;
}

/**
 * Asks Redis for the marker and, where it names a bootstrap, for that bootstrap: two round trips at most.
 *
 * @returns undefined when Redis does not say and the bucket has no root: then that is the answer
 */
export async function traceBootstrapInRedis(
  attempt: Pick<AttemptContext, 'request' | 'signal'>,
  listing: Verification['listing'],
  { hasPersistedRoot }: BootstrapUploadProgress,
): Promise<RedisBootstrapTrace | undefined> {
  try {
    return await askRedis(attempt, listing);
  } catch (error) {
    if (error instanceof RecoveryError && !hasPersistedRoot) {
      return undefined;
    }
    throw error;
  }
}

async function askRedis(
  { request, signal }: Pick<AttemptContext, 'request' | 'signal'>,
  listing: Verification['listing'],
): Promise<RedisBootstrapTrace> {
  const { app, store, now, overrides } = request;
  const key = markerKey(app);
  const marker = markerIn((await store.observe([key], signal)).values, app);
  if (marker.kind !== 'bootstrapping') {
    return { marker, bootstrap: undefined, keys: [] };
  }
  const { values, server } = await store.observe([bootstrapLockKey(marker.id), taskKey(marker.id)], signal);
  const held = (name: string): ObservedValue => values.get(name) ?? { kind: 'absent' };
  const bootstrap = bootstrapLiveness(
    marker.id,
    held,
    {
      staleAfterSeconds: overrides.staleAfterSeconds ?? STALE_AFTER_SECONDS,
      bootstrappedAt: listing.get('1.root.json')?.lastModified,
    },
    server.time ?? now,
  );
  const locks = bootstrap.preLock.kind === 'absent' ? [] : [bootstrapLockKey(marker.id)];
  return { marker, bootstrap, keys: [key, ...locks] };
}
