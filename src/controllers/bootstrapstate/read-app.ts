import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { RecoveryError, TransientError } from '../../errors.ts';
import { endingOfError } from '../../recovery/ending.ts';
import type { ObservedValues } from '../../redis/state-store.ts';
import type { StoredMarks } from '../app-history/high-water-marks.ts';
import type { Baseline } from '../loss-detection/baseline.ts';
import type { Reading } from '../loss-detection/reading.ts';
import { keysToRead, readingFromRedis } from '../loss-detection/redis-reading.ts';
import type { TargetWatch } from '../loss-detection/target-watches.ts';
import type { Guard } from './guard.ts';
import { readingFromReferenceError, type VerificationDependencies, verifyApp } from './verify.ts';

/** What is known about an app right now. */
export interface AppReading {
  readonly reading: Reading;
  readonly baseline: Baseline | undefined;
  /** What Redis holds; undefined when it did not answer. */
  readonly values: ObservedValues | undefined;
  /** Metadata and settings were verified in full just now. */
  readonly verified: boolean;
}

/** The app to read. */
export interface ReadSubject {
  readonly state: BootstrapState;
  readonly guard: Guard;
  readonly target: RecoveryTarget;
  readonly watch: TargetWatch;
  readonly marks: StoredMarks | undefined;
}

/** A marker can point to keys of its own, once. */
const maxRereads = 3;

/**
 * What Redis says about the app, judged by its verified metadata. Verified in full first when that is due:
 * never yet, or too long ago, or something was signed or a policy changed since.
 *
 * @throws the reason of `signal` when that aborts, or what the API client throws
 */
export async function readApp(
  dependencies: VerificationDependencies,
  subject: ReadSubject,
  signal: AbortSignal,
): Promise<AppReading> {
  const { state, guard, watch } = subject;
  const name = state.metadata.name;
  const { availability } = watch.redis;
  if (availability.kind === 'down') {
    return {
      reading: silence(availability.error),
      baseline: watch.baselines.get(name),
      values: undefined,
      verified: false,
    };
  }
  let baseline = watch.baselines.get(name);
  let verified = false;
  let heads: Reading['heads'];
  if (baseline === undefined || isDue(subject, baseline, dependencies.clock.monotonic())) {
    // Before it is read: what is signed from here on is due again.
    watch.signed.delete(name);
    const found = await verifyApp(dependencies, guard, subject.target, state, subject.marks, signal);
    if (found.baseline === undefined) {
      watch.signed.add(name);
      return { reading: found.reading, baseline, values: undefined, verified: false };
    }
    verified = true;
    heads = found.reading.heads;
    baseline = found.baseline;
    watch.baselines.set(name, baseline);
    watch.bucket.put(name, baseline.app, baseline.timestamp.sha256);
    if (found.reading.kind === 'unverifiable') {
      return { reading: found.reading, baseline, values: undefined, verified };
    }
  }
  try {
    const values = await readValues(watch, name, baseline);
    if (!verified && baseline.wouldBe === undefined) {
      // It had lost something when it was verified: once it is whole, what would come back can be worked out.
      const whole = readingFromRedis(baseline, values, dependencies.clock.now()).kind === 'consistent';
      if (whole) {
        watch.signed.add(name);
        return await readApp(dependencies, subject, signal);
      }
    }
    const reading = readingFromRedis(baseline, values, dependencies.clock.now());
    return { reading: { ...reading, heads }, baseline, values, verified };
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    return { reading: silence(error), baseline, values: undefined, verified };
  }
}

/** Why Redis could not be read, as a reading. */
function silence(error: Error): Reading {
  const resolved = error instanceof RecoveryError ? undefined : readingFromReferenceError(error);
  if (resolved !== undefined) {
    return resolved;
  }
  if (error instanceof RecoveryError && !(error instanceof TransientError)) {
    const { succeeded } = endingOfError(error);
    return { kind: 'unverifiable', reason: succeeded.reason, message: succeeded.message, targetWide: true };
  }
  return { kind: 'unverifiable', reason: 'RedisUnreachable', message: error.message, targetWide: true };
}

function isDue({ state, guard, watch }: ReadSubject, baseline: Baseline, nowMs: number): boolean {
  return (
    watch.signed.has(state.metadata.name) ||
    state.status.policyRevision !== guard.revision ||
    nowMs - baseline.verifiedAtMs >= guard.fullVerificationMs
  );
}

/** Reads the keys of the app, and again when its marker points to others. */
async function readValues(watch: TargetWatch, name: string, baseline: Baseline): Promise<ObservedValues> {
  let values: ObservedValues = new Map();
  for (let reread = 0; reread < maxRereads; reread += 1) {
    const keys = keysToRead(baseline, values);
    if (reread > 0 && keys.every((key) => values.has(key))) {
      break;
    }
    watch.redis.put(name, keys);
    values = await watch.redis.read(name);
  }
  return values;
}
