import type { Verdict } from '../api/conditions.ts';
import type { AcceptedReason, SucceededReason } from '../api/reasons.ts';
import { describeApp } from '../faynosync/app.ts';
import { hasPersistedRoot, missingFromBootstrap } from '../faynosync/layout.ts';
import type { Marker } from '../faynosync/marker.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { FindingCode } from '../tuf/findings/findings.ts';
import type { Verification } from '../tuf/verify/verification.ts';
import { type Ending, end } from './ending.ts';
import type { RunRequest } from './request.ts';
import type { State } from './state/state.ts';

/** Findings whose refusal means "older than what was verified before". */
const rollbacks: ReadonlySet<string> = new Set<FindingCode>([
  'RootRollback',
  'TimestampRollback',
  'SnapshotRollback',
  'RememberedRootMissing',
  'HeadReplaced',
  'BelowMinimumVersion',
  'RoleRemovedFromSnapshot',
  'RoleVersionLowered',
]);
/** Findings that a role can't have a file or a key of its own. */
const collisions: ReadonlySet<string> = new Set<FindingCode>(['RoleNameCollides', 'UnusualRoleName']);

/** Why an untrusted bucket ends the run, and in which state that leaves the app. */
export interface TrustRefusal {
  readonly state: State | undefined;
  readonly ending: Ending;
  readonly accepted: Verdict<AcceptedReason>;
}

/**
 * Whether the marker decides about the refusal: without one, a bucket in which a bootstrap broke off is an unfinished
 * bootstrap; with one, files of a finished bootstrap were lost.
 */
export function needsMarker({ listing }: Verification): boolean {
  return hasPersistedRoot(listing) && missingFromBootstrap(listing).length > 0;
}

/**
 * R2, when the chain does not verify.
 *
 * @param marker what Redis holds; undefined when it was not asked ({@link needsMarker})
 */
export function refusalOf(
  verification: Verification,
  request: Pick<RunRequest, 'app' | 'source'>,
  marker: Marker | undefined,
): TrustRefusal {
  const { listing, findings } = verification;
  const place = request.source.location;
  if (!hasPersistedRoot(listing)) {
    const message = `No persisted root metadata found for ${describeApp(request.app)} in ${place}. Bootstrap must be completed before recovery.`;
    return refuse('NeverBootstrapped', 'SourceNotBootstrapped', message, 'NoPersistedRoot');
  }
  const missing = missingFromBootstrap(listing);
  if (missing.length > 0 && marker?.kind === 'absent') {
    const message =
      `The bootstrap of ${describeApp(request.app)} never finished: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing in ${place}. ` +
      'Upload the missing files, or remove the unfinished root files and bootstrap again.';
    return refuse('FailedBootstrap', 'FailedBootstrap', message, 'Denied');
  }
  const first = findings.find(({ severity }) => severity !== 'report');
  return refuse(undefined, reasonOf(first), describe(first, place), 'Denied');
}

function reasonOf(first: Finding | undefined): SucceededReason {
  if (first !== undefined && rollbacks.has(first.code)) {
    return 'RollbackDetected';
  }
  return first !== undefined && collisions.has(first.code) ? 'KeyCollision' : 'TrustVerificationFailed';
}

function describe(first: Finding | undefined, place: string): string {
  if (first === undefined) {
    return `The metadata in ${place} does not verify.`;
  }
  const { role, version, code, detail, override } = first;
  const subject = version === undefined ? role : `${role} version ${version}`;
  const answer = override === undefined ? '' : ` Set ${override} in a new run to accept it.`;
  return `${code} (${subject}): ${detail}${answer}`;
}

function refuse(
  state: State | undefined,
  reason: SucceededReason,
  message: string,
  accepted: AcceptedReason,
): TrustRefusal {
  return { state, ending: end(reason, message), accepted: { reason: accepted, message } };
}
