import type { AcceptedReason, SucceededReason } from '../api/reasons.ts';
import { describeApp } from '../faynosync/app.ts';
import type { BootstrapUploadProgress } from '../faynosync/bootstrap-progress.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { FindingCode } from '../tuf/findings/findings.ts';
import { type Ending, finalEnding } from './ending.ts';
import type { Acceptance } from './observer.ts';
import type { RunRequest } from './request.ts';
import type { State } from './state/state.ts';
import type { RedisBootstrapTrace } from './unfinished-bootstrap.ts';

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
  readonly accepted: Acceptance;
}

/**
 * R2, when the chain does not verify.
 *
 * @param files what the bucket lists of a bootstrap's files
 * @param trace what Redis says about the bootstrap; undefined when it was not asked
 */
export function refusalOf(
  findings: readonly Finding[],
  files: BootstrapUploadProgress,
  request: Pick<RunRequest, 'app' | 'source'>,
  trace: RedisBootstrapTrace | undefined,
): TrustRefusal {
  const place = request.source.location;
  if (trace?.bootstrap?.alive === true) {
    const { id } = trace.bootstrap;
    const message = `Bootstrap already in progress for this admin and app (task_id=${id}).`;
    return {
      state: 'InProgress',
      ending: finalEnding(
        'BootstrapInProgress',
        `${message} It has not uploaded every file to ${place} yet. Wait for it to end; a bootstrap that shows no life for overrides.staleAfterSeconds counts as dead.`,
      ),
      accepted: { reason: 'BootstrapInProgress', message, blockingTask: id },
    };
  }
  if (!files.hasPersistedRoot && trace?.bootstrap === undefined) {
    const message = `No persisted root metadata found for ${describeApp(request.app)} in ${place}. Bootstrap must be completed before recovery.`;
    return refuse('NeverBootstrapped', 'SourceNotBootstrapped', message, 'NoPersistedRoot');
  }
  if (trace?.bootstrap !== undefined || (files.missing.length > 0 && trace?.marker.kind === 'absent')) {
    return refuse('FailedBootstrap', 'FailedBootstrap', unfinished(request, files, trace), 'Denied');
  }
  const first = findings.find(({ severity }) => severity !== 'report');
  return refuse(undefined, reasonOf(first), describe(first, place), 'Denied');
}

/** What the bootstrap has left behind, and the ways out: the server itself offers none. */
function unfinished(
  { app, source }: Pick<RunRequest, 'app' | 'source'>,
  { missing, hasFirstRoot, hasPersistedRoot }: BootstrapUploadProgress,
  { bootstrap, keys }: RedisBootstrapTrace,
): string {
  const roots = hasFirstRoot ? ['1.root.json'] : [];
  const files = hasPersistedRoot ? missing : ['1.root.json', ...missing];
  const id = bootstrap === undefined ? '' : ` (task_id=${bootstrap.id})`;
  const remove = [
    ...(keys.length === 0 ? [] : [`the keys ${keys.join(' and ')} in Redis`]),
    ...(roots.length === 0 ? [] : [`${roots.join(', ')} in ${source.location}`]),
  ].join(' and ');
  return (
    `The bootstrap of ${describeApp(app)}${id} never finished: ${files.join(', ')} ${files.length === 1 ? 'is' : 'are'} missing in ${source.location}. ` +
    `Upload the missing files and create a new run, or delete ${remove} and bootstrap again.`
  );
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
  return { state, ending: finalEnding(reason, message), accepted: { reason: accepted, message } };
}
