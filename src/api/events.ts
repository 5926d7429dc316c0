import type { Condition } from './condition.ts';

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
 * Conditions whose transitions are told, with the action an event names. `Reconciling`, `Stalled` and `Ready` mirror
 * `Succeeded` and would only repeat it.
 */
export const eventActions = {
  Accepted: 'Decide',
  TrustVerified: 'VerifyMetadata',
  StateVerified: 'VerifyState',
  Succeeded: 'Recover',
  RedisReachable: 'Validate',
  StorageReachable: 'Validate',
  TrustRootLoaded: 'Validate',
} as const satisfies Record<string, string>;

/** Reasons that are no news: every run starts in these states, and `status.startTime` says when it left them. */
const silent: ReadonlySet<string> = new Set(['Pending', 'NotChecked', 'Running']);

/** Refusals that are good news, and waiting that deserves attention. */
const normalWhenFalse: ReadonlySet<string> = new Set(['NotRequired', 'Cancelled']);
const warningWhenUnknown: ReadonlySet<string> = new Set(['Retrying', 'WaitingForTarget']);

/**
 * One event for each condition whose status or reason changed, in the order of the conditions. The end of a run is one event: what
 * it found out at the same moment is why it ended, which the end's own message says.
 */
export function transitionEvents(
  previous: readonly Condition[],
  next: readonly Condition[],
): readonly EventNote[] {
  const changed = next.filter((condition) => isNews(condition, previous));
  const end = changed.find(({ type, status }) => type === 'Succeeded' && status !== 'Unknown');
  return (end === undefined ? changed : [end]).flatMap((condition) => {
    const { type, reason, message } = condition;
    return isTold(type)
      ? [{ type: severity(condition), reason, action: eventActions[type], note: shorten(message) }]
      : [];
  });
}

function isNews({ type, status, reason }: Condition, previous: readonly Condition[]): boolean {
  if (!isTold(type) || silent.has(reason)) return false;
  const before = previous.find((known) => known.type === type);
  return before?.status !== status || before.reason !== reason;
}

function isTold(type: string): type is keyof typeof eventActions {
  return Object.hasOwn(eventActions, type);
}

function severity({ status, reason }: Condition): EventNote['type'] {
  const warning =
    (status === 'False' && !normalWhenFalse.has(reason)) ||
    (status === 'Unknown' && warningWhenUnknown.has(reason));
  return warning ? 'Warning' : 'Normal';
}

function shorten(note: string): string {
  return note.length > maxNote ? `${note.slice(0, maxNote - 1).toWellFormed()}…` : note;
}
