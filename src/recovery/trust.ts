import type { AcceptedReason, SucceededReason } from '../api/reasons.ts';
import { describeApp } from '../faynosync/app.ts';
import { hasPersistedRoot, missingFromBootstrap } from '../faynosync/layout.ts';
import type { Marker } from '../faynosync/marker.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { Verification } from '../tuf/verify/verification.ts';
import { type Ending, end } from './ending.ts';
import type { Verdict } from './outcome.ts';
import type { RunRequest } from './request.ts';
import type { State } from './state/state.ts';

/** Checks of the verifier whose refusal means "older than what was verified before". */
const ROLLBACK_CHECKS = new Set([14, 15]);
/** The check that every role can have its own name. */
const COLLISION_CHECK = 26;

/** Why an untrusted bucket ends the run, and in which state that leaves the app. */
export interface Refusal {
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
): Refusal {
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
  if (first !== undefined && ROLLBACK_CHECKS.has(first.check)) {
    return 'RollbackDetected';
  }
  return first?.check === COLLISION_CHECK ? 'KeyCollision' : 'TrustVerificationFailed';
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
): Refusal {
  return { state, ending: end(reason, message), accepted: { reason: accepted, message } };
}
