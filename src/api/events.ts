import { errorMessage } from '../errors.ts';
import type { Condition } from './condition.ts';
import { truncate } from './text.ts';

/** Something to tell people in `kubectl describe` and `kubectl events`. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** The reason of the condition that changed: one vocabulary for both. */
  readonly reason: string;
  /** What the controller was doing, machine-readable. */
  readonly action: string;
  readonly note: string;
}

/** Longest note events.k8s.io/v1 admits. */
const maxNote = 1024;

/**
 * Conditions whose transitions become events, with the action an event names. `Reconciling`, `Stalled` and
 * `Ready` mirror `Succeeded` and would only repeat it.
 */
export const runAndTargetEventActions = {
  Accepted: 'Decide',
  TrustVerified: 'VerifyMetadata',
  StateVerified: 'VerifyState',
  Succeeded: 'Recover',
  RedisReachable: 'Validate',
  StorageReachable: 'Validate',
  TrustRootLoaded: 'Validate',
  OnlineKeysSeparate: 'Validate',
} as const satisfies Record<string, string>;

/**
 * The same for a RecoveryPolicy, whose `Ready` mirrors nothing: it says whether its apps could be verified.
 */
export const policyEventActions = {
  Ready: 'Verify',
  LossDetected: 'Verify',
  CircuitOpen: 'Recover',
} as const satisfies Record<string, string>;

/** The same for a BootstrapState. `Ready`, `Reconciling` and `Stalled` mirror `Healthy`. */
export const stateEventActions = {
  Healthy: 'Verify',
  Recoverable: 'Verify',
  Fresh: 'Verify',
  CircuitOpen: 'Recover',
} as const satisfies Record<string, string>;

/**
 * The event of an app for which a run was created; the run is named in the note and as the related object.
 */
export const recoveryCreatedEvent = {
  type: 'Normal',
  reason: 'RecoveryCreated',
  action: 'Recover',
} as const satisfies Omit<EventNote, 'note'>;

/**
 * Reported about an app whose run could not be created: a missing permission, a quota, an admission policy.
 * Creating it is tried again and again.
 */
export const recoveryNotCreatedEvent = {
  type: 'Warning',
  reason: 'RecoveryNotCreated',
  action: 'Recover',
} as const satisfies Omit<EventNote, 'note'>;

/**
 * Reported about an app whose settings could not be copied to a ConfigMap. The app is verified and repaired
 * all the same.
 */
export const captureFailedEvent = {
  type: 'Warning',
  reason: 'CaptureFailed',
  action: 'Capture',
} as const satisfies Omit<EventNote, 'note'>;

/** Reported about a run whose report could not be written. Its status holds the outcome. */
export const reportFailedEvent = {
  type: 'Warning',
  reason: 'ReportFailed',
  action: 'Report',
} as const satisfies Omit<EventNote, 'note'>;

/** The note of an event about something that could not be written. */
export function failureEventNote(what: string, error: unknown): string {
  return truncate(`${what}: ${errorMessage(error)}`, maxNote);
}

/** Conditions that are good news when they are False, and no news when they never were anything else. */
const abnormalWhenTrue: ReadonlySet<string> = new Set(['LossDetected', 'CircuitOpen']);

/** Conditions of which only a change is news when all is well. */
const goodWhenFirst: ReadonlySet<string> = new Set(['Healthy', 'Recoverable', 'Fresh']);

/** Conditions that are news only when they become False or cease to be. */
const newsWhenFalse: ReadonlySet<string> = new Set(['OnlineKeysSeparate']);

/**
 * Reasons that are no news: every run starts in these states, and `status.startTime` says when it left them.
 */
const silent: ReadonlySet<string> = new Set(['Pending', 'NotChecked', 'Running', 'NotVerified']);

/** Refusals that are good news, and waiting that deserves attention. */
const normalWhenFalse: ReadonlySet<string> = new Set(['NotRequired', 'Cancelled']);
const warningWhenUnknown: ReadonlySet<string> = new Set([
  'Retrying',
  'WaitingForTarget',
  'RedisUnreachable',
  'SourceUnavailable',
  'ReferenceNotFound',
  'RollbackDetected',
  'TrustVerificationFailed',
]);

/**
 * One event for each condition whose status or reason changed, in the order of the conditions. The end of a
 * run is one event: what it found out at the same moment is why it ended, which the end's own message says.
 *
 * @param actions the conditions that become events, with the action an event names
 */
export function transitionEvents(
  previous: readonly Condition[],
  next: readonly Condition[],
  actions: Readonly<Record<string, string>> = runAndTargetEventActions,
): readonly EventNote[] {
  const changed = next.filter((condition) => isNews(condition, previous));
  const end = changed.find(({ type, status }) => type === 'Succeeded' && status !== 'Unknown');
  return (end === undefined ? changed : [end]).flatMap((condition) => {
    const { type, reason, message } = condition;
    const action = Object.hasOwn(actions, type) ? actions[type] : undefined;
    return action === undefined
      ? []
      : [{ type: severity(condition), reason, action, note: truncate(message, maxNote) }];
  });
}

function isNews({ type, status, reason }: Condition, previous: readonly Condition[]): boolean {
  if (silent.has(reason)) {
    return false;
  }
  const before = previous.find((known) => known.type === type);
  if (newsWhenFalse.has(type) && status !== 'False' && before?.status !== 'False') {
    return false;
  }
  if (before === undefined && status !== 'True' && abnormalWhenTrue.has(type)) {
    return false;
  }
  // A thousand apps that are fine when they are first seen are no news.
  if (before === undefined && status === 'True' && goodWhenFirst.has(type)) {
    return false;
  }
  return before?.status !== status || before.reason !== reason;
}

function severity({ type, status, reason }: Condition): EventNote['type'] {
  if (abnormalWhenTrue.has(type)) {
    return status === 'True' ? 'Warning' : 'Normal';
  }
  const warning =
    (status === 'False' && !normalWhenFalse.has(reason)) ||
    (status === 'Unknown' && warningWhenUnknown.has(reason));
  return warning ? 'Warning' : 'Normal';
}
