import { stateConditions } from '../../api/bootstrapstate/conditions.ts';
import type { HealthyReason, RecoverableReason } from '../../api/bootstrapstate/reasons.ts';
import type { BootstrapState, BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { Verdict } from '../../api/conditions.ts';
import type { CircuitOpenReason } from '../../api/policy-reasons.ts';
import { heartbeatMs, rfc3339 } from '../../api/stored-time.ts';
import type { CaptureStatus } from '../app-history/captured-settings.ts';
import { raiseMarks, type VerifiedMarks } from '../app-history/high-water-marks.ts';
import type { Baseline } from '../loss-detection/baseline.ts';
import type { Reading } from '../loss-detection/reading.ts';
import { freshness, freshUntil, metadataStatus } from './expiry.ts';
import type { Guard } from './guard.ts';
import type { Health } from './healthy.ts';
import { type RecoverableStatus, recoverableVerdict } from './recoverable.ts';
import { storedLossTime } from './recoveries/loss-timing.ts';
import type { RecoveryHold, RecoveryRecord } from './recoveries/records.ts';

/** Everything a status is made from, once the app was read. */
export interface StateFacts {
  readonly state: BootstrapState;
  readonly guard: Guard;
  readonly reading: Reading;
  readonly baseline: Baseline | undefined;
  /** What the last verification found, as far as it is not in the status yet. */
  readonly heads?: VerifiedMarks | undefined;
  /** When metadata and settings were verified in full for these policies; undefined: as before. */
  readonly verifiedAt?: Date | undefined;
  readonly lostSince: Date | undefined;
  readonly recoveries: readonly RecoveryRecord[];
  readonly hold: RecoveryHold | undefined;
  readonly health: Health;
  /** Undefined: as before. */
  readonly recoverable: RecoverableStatus | undefined;
  readonly refresh: BootstrapStateStatus['refresh'];
  /** Undefined: as before. */
  readonly capture: CaptureStatus | undefined;
  readonly now: Date;
}

/**
 * Reasons that speak of the metadata, not of whether it could be read: there is no way back from what is
 * refused.
 */
const refused: ReadonlySet<string> = new Set<HealthyReason>([
  'TrustVerificationFailed',
  'RollbackDetected',
  'SourceNotBootstrapped',
  'FailedBootstrap',
  'KeyCollision',
]);

/** Reasons for which a recovery could not read the metadata now. */
const unreadable: ReadonlySet<string> = new Set<HealthyReason>([
  'SourceUnavailable',
  'SourceAccessDenied',
  'SourceNotFound',
]);

/** The status of an app that is guarded. Pure. */
export function stateStatus(facts: StateFacts): BootstrapStateStatus {
  const { state, guard, reading, baseline, heads, verifiedAt, lostSince, recoveries, health, now } = facts;
  const { metadata, status } = state;
  const known = baseline === undefined ? status.metadata : metadataStatus(baseline);
  const isRefused = reading.kind === 'unverifiable' && refused.has(reading.reason);
  // What was verified before says nothing of what clients meet now.
  const until = isRefused ? undefined : freshUntil(known);
  const observedGeneration = metadata.generation ?? 1;
  const doubt = doubtOf(reading);
  const recoverable = doubt === undefined ? (facts.recoverable ?? status.recoverable) : undefined;
  const marks = heads === undefined ? status.marks : raiseMarks(status.marks, heads);
  const capture = facts.capture ?? {
    ...(status.capturedSettings !== undefined && { capturedSettings: status.capturedSettings }),
    ...(status.settingsRef !== undefined && { settingsRef: status.settingsRef }),
  };
  const lastVerificationTime = verifiedAt === undefined ? status.lastVerificationTime : rfc3339(verifiedAt);
  const losses =
    reading.kind === 'lost'
      ? (status.consecutiveLosses ?? 0) + 1
      : reading.kind === 'unverifiable'
        ? (status.consecutiveLosses ?? 0)
        : 0;
  return {
    observedGeneration,
    state: reading.kind === 'unverifiable' ? 'Unverifiable' : reading.state,
    ...(lastVerificationTime !== undefined && { lastVerificationTime }),
    ...(lostSince !== undefined && { lossDetectedTime: storedLossTime(lostSince) }),
    consecutiveLosses: losses,
    ...(verifiedAt === undefined
      ? status.policyRevision !== undefined && { policyRevision: status.policyRevision }
      : { policyRevision: guard.revision }),
    ...(until !== undefined && { freshUntilTime: rfc3339(until) }),
    ...(known !== undefined && { metadata: known }),
    ...(recoverable !== undefined && { recoverable }),
    ...(marks !== undefined && { marks }),
    ...capture,
    ...(recoveries.length > 0 && { recoveries }),
    ...(facts.refresh !== undefined && { refresh: facts.refresh }),
    conditions: stateConditions(
      {
        healthy: health.healthy,
        recoverable: doubt ?? drillVerdict(recoverable),
        fresh: isRefused
          ? { reason: 'NotVerified', message: 'The metadata in the bucket is refused; Healthy says why.' }
          : freshness(known, isRefreshing(facts.refresh), now),
        circuitOpen: circuit(facts),
        progress: health.progress,
      },
      status.conditions ?? [],
      observedGeneration,
      now,
    ),
  };
}

/**
 * The status of an app that no policy guards at the moment, or that waits to be verified: all that is
 * remembered stays.
 */
export function restingStatus(
  state: BootstrapState,
  healthy: Verdict<HealthyReason>,
  now: Date,
  progress: Health['progress'] = 'current',
): BootstrapStateStatus {
  const { metadata, status } = state;
  const observedGeneration = metadata.generation ?? 1;
  return {
    ...status,
    observedGeneration,
    state: status.state ?? 'Unknown',
    conditions: stateConditions(
      {
        healthy,
        recoverable: drillVerdict(status.recoverable),
        fresh: freshness(status.metadata, false, now),
        circuitOpen: withinLimit,
        progress,
      },
      status.conditions ?? [],
      observedGeneration,
      now,
    ),
  };
}

/** Of two verifications that begin an hour apart the second may take less time than the first. */
const slackMs = 60_000;

/** Whether a status says something new, or nothing has been written for an hour. */
export function isWorthWriting(
  before: BootstrapStateStatus,
  after: BootstrapStateStatus,
  isSame: (a: unknown, b: unknown) => boolean,
): boolean {
  const quiet = ({
    lastVerificationTime: _,
    consecutiveLosses: __,
    ...rest
  }: BootstrapStateStatus): unknown => rest;
  if (!isSame(quiet(before), quiet(after))) {
    return true;
  }
  const [was, is] = [before.lastVerificationTime, after.lastVerificationTime].map((time) =>
    Date.parse(time ?? ''),
  );
  return (
    is !== undefined &&
    !Number.isNaN(is) &&
    !(is - (was ?? Number.NaN) < heartbeatMs - slackMs && is >= (was ?? 0))
  );
}

const withinLimit: Verdict<CircuitOpenReason> = {
  reason: 'WithinLimit',
  message: 'No recovery waits because of the limit.',
};

/**
 * Why nothing is promised of a recovery, whatever was found when the app was healthy: its metadata is
 * refused, or can't be read. Silence of Redis is no such reason.
 */
function doubtOf(reading: Reading): Verdict<RecoverableReason> | undefined {
  const isDoubtful =
    reading.kind === 'unverifiable' && (refused.has(reading.reason) || unreadable.has(reading.reason));
  return isDoubtful ? { reason: reading.reason, message: reading.message } : undefined;
}

function drillVerdict(found: RecoverableStatus | undefined): Verdict<RecoverableReason> {
  return found === undefined
    ? {
        reason: 'NotVerified',
        message: 'Metadata and settings have not been compared while the app was healthy.',
      }
    : recoverableVerdict(found);
}

function circuit({ reading, hold, guard }: StateFacts): Verdict<CircuitOpenReason> {
  if (reading.kind !== 'lost' || hold?.kind !== 'breaker') {
    return withinLimit;
  }
  const most = guard.lead.spec.maxRecoveriesPerHour;
  const times = most === 1 ? 'a recovery' : `${most} recoveries`;
  return {
    reason: 'TooManyRecoveries',
    message: `The app lost its settings again after ${times} within an hour; the next one is created after ${rfc3339(hold.until)}. Find out what deletes them.`,
  };
}

/** Whether the server has been asked to sign and the bucket does not show it yet. */
function isRefreshing(refresh: BootstrapStateStatus['refresh']): boolean {
  return refresh?.state === 'Ordered' || refresh?.state === 'UnderWay';
}
