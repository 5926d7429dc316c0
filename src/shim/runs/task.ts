import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { SucceededReason } from '../../api/reasons.ts';
import { conditionOf } from './run-conditions.ts';

/** The server's task states (`tasks.TaskState`) that a recovery can be in. */
export const taskStates = [
  'PENDING',
  'RECEIVED',
  'RUNNING',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'REJECTED',
] as const;

/** One of {@link taskStates}. */
export type TaskState = (typeof taskStates)[number];

/** The server's `tasks.TasksData`, members in its order. */
export interface ServerTask {
  readonly task_id: string;
  readonly state: TaskState;
  readonly result?: ServerTaskResult;
}

/** The server's `tasks.TaskResult`, members in its order. */
export interface ServerTaskResult {
  readonly message?: string;
  readonly error?: string;
  /** True: success. False: failure. Absent: not over. */
  readonly status?: boolean;
  readonly task: 'bootstrap_recovery';
  /** RFC 3339. */
  readonly last_update: string;
}

/**
 * What the server says of an id it does not know: the same as of a task that was just queued, without a
 * result.
 */
export function unknownTask(id: string): ServerTask {
  return { task_id: id, state: 'PENDING' };
}

/** A run as the server shows a task of its own. */
export function taskOf(run: BootstrapRecovery): ServerTask {
  const succeeded = conditionOf(run, 'Succeeded');
  const state = stateOf(succeeded?.status, succeeded?.reason);
  const rest = { task: 'bootstrap_recovery', last_update: lastUpdate(run) } as const;
  return { task_id: run.metadata.uid, state, result: { ...ending(state, succeeded?.message), ...rest } };
}

function stateOf(status: string | undefined, reason: string | undefined): TaskState {
  switch (status) {
    case 'True':
      return 'SUCCESS';
    case 'False':
      return failures[reason as SucceededReason] ?? 'FAILURE';
    default:
      return waits[reason as SucceededReason] ?? 'PENDING';
  }
}

/** Failures that are a person's doing, or that kept the run from starting at all. */
const failures: Partial<Record<SucceededReason, TaskState>> = {
  Cancelled: 'REVOKED',
  Denied: 'REJECTED',
  InvalidReference: 'REJECTED',
};

/** Reasons of `Succeeded` Unknown; all others are PENDING. */
const waits: Partial<Record<SucceededReason, TaskState>> = {
  WaitingForTarget: 'RECEIVED',
  WaitingForLock: 'RECEIVED',
  AwaitingApproval: 'RECEIVED',
  Running: 'RUNNING',
  Retrying: 'RETRY',
};

/** How the server words the two ways a recovery ends; the cause is the run's own. */
function ending(
  state: TaskState,
  message: string | undefined,
): Pick<ServerTaskResult, 'message' | 'error' | 'status'> {
  switch (state) {
    case 'SUCCESS':
      return { message: 'Bootstrap recovery completed successfully', status: true };
    case 'FAILURE':
    case 'REVOKED':
    case 'REJECTED':
      return { error: `Bootstrap recovery failed: ${message ?? 'no reason given'}`, status: false };
    default:
      return {};
  }
}

/** The latest time in the run. */
function lastUpdate(run: BootstrapRecovery): string {
  const times = [
    run.metadata.creationTimestamp,
    conditionOf(run, 'Succeeded')?.lastTransitionTime,
    run.status?.progress?.lastProgressTime,
    run.status?.completionTime,
  ].filter((time) => time !== undefined);
  return times.sort((a, b) => Date.parse(b) - Date.parse(a))[0] ?? '';
}
