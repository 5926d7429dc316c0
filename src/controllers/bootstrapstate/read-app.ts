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
import { smallestRunBytes } from '../slots/memory.ts';
import type { ReconcilerSlots, SlotRefusal } from '../slots/reconciler-slots.ts';
import type { Slot, SlotRequest } from '../slots/slot-pool.ts';
import { MissingReferenceError } from '../target-connection/missing-reference.ts';
import type { Guard } from './guard.ts';
import type { VerificationInterrupts } from './interrupts.ts';
import {
  type AppVerification,
  readingFromReferenceError,
  type VerificationDependencies,
  verifyApp,
} from './verify.ts';

/** What an app is read with. */
export interface ReadDependencies extends VerificationDependencies {
  /** For verifications: asking for one never waits, so no worker is held by what waits. */
  readonly slots: ReconcilerSlots;
  readonly interrupts: VerificationInterrupts;
}

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
  /** Whether the app is still to be verified as it is here, judged by the caches. */
  readonly isWanted: () => boolean;
}

/** A marker can point to keys of its own, once. */
const maxRereads = 3;

/**
 * What Redis says about the app, judged by its verified metadata. Verified in full first when that is due:
 * never yet, or too long ago, or something was signed or a policy changed since. A verification that has to
 * wait for its turn holds up nothing: the app is judged by the verification before, and reconciled again when
 * its turn has come.
 *
 * @returns a refusal when the app has to wait and was never verified before
 * @throws {VerificationInterruptedError} when the app is not wanted any more, the reason of `signal` when
 *   that aborts, or what the API client throws
 */
export async function readApp(
  dependencies: ReadDependencies,
  subject: ReadSubject,
  signal: AbortSignal,
): Promise<AppReading | SlotRefusal> {
  const { state, watch } = subject;
  const name = state.metadata.name;
  const { availability } = watch.redis;
  if (availability.kind === 'down') {
    dependencies.slots.forget(state.metadata);
    return {
      reading: silence(availability.error),
      baseline: watch.baselines.get(name),
      values: undefined,
      verified: false,
    };
  }
  let baseline = watch.baselines.get(name);
  let verified = false;
  let waits = false;
  let heads: Reading['heads'];
  if (baseline === undefined || isDue(subject, baseline, dependencies.clock.monotonic())) {
    const slot = dependencies.slots.take(state.metadata, workOf(subject));
    if (!('refusedBecause' in slot)) {
      const found = await verify(dependencies, subject, slot, signal);
      if (found.baseline === undefined) {
        watch.signed.add(name);
        if (isStorageSilent(found.reading)) {
          watch.bucket.suspect();
        }
        return { reading: found.reading, baseline, values: undefined, verified: false };
      }
      verified = true;
      heads = found.reading.heads;
      baseline = found.baseline;
      watch.verified(name, baseline);
      watch.bucket.put(name, baseline.app, baseline.timestamp.sha256);
      if (found.reading.kind === 'unverifiable') {
        return { reading: found.reading, baseline, values: undefined, verified };
      }
    } else if (baseline === undefined) {
      return slot;
    } else {
      waits = true;
    }
  } else {
    dependencies.slots.forget(state.metadata);
  }
  let values: ObservedValues;
  try {
    values = await readValues(watch, name, baseline);
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    return { reading: silence(error), baseline, values: undefined, verified };
  }
  const reading = readingFromRedis(baseline, values, dependencies.clock.now());
  if (reading.kind === 'consistent' && !verified && !waits && baseline.wouldBe === undefined) {
    // It had lost something when it was verified: now that it is whole, what would come back can be worked
    // out.
    watch.signed.add(name);
    return readApp(dependencies, subject, signal);
  }
  return { reading: { ...reading, heads }, baseline, values, verified };
}

/** Verifies the app in full. What was signed before counts as verified only when that has ended. */
async function verify(
  dependencies: ReadDependencies,
  { state, guard, target, watch, marks, isWanted }: ReadSubject,
  slot: Slot,
  signal: AbortSignal,
): Promise<AppVerification> {
  const { name } = state.metadata;
  // Before it is read: what is signed from here on is due again.
  watch.signed.delete(name);
  using interrupt = dependencies.interrupts.register(state, isWanted);
  try {
    const order = { slot, stopping: signal, interrupted: interrupt.signal };
    return await verifyApp(dependencies, guard, target, state, marks, order);
  } catch (error) {
    watch.signed.add(name);
    throw error;
  }
}

/** A verification keeps no run of the same app waiting: it only reads. */
function workOf({ target: { metadata } }: ReadSubject): SlotRequest {
  const { namespace = 'default', name: target } = metadata;
  return { namespace, target, kind: 'verification', bytes: smallestRunBytes };
}

function isStorageSilent(reading: Reading): boolean {
  return reading.kind === 'unverifiable' && reading.reason === 'SourceUnavailable';
}

/** Why Redis could not be read, as a reading. */
function silence(error: Error): Reading {
  const isOfRedis = error instanceof RecoveryError && !(error instanceof MissingReferenceError);
  const resolved = isOfRedis ? undefined : readingFromReferenceError(error);
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
