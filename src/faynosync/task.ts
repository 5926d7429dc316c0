/** States of a task record that never change again; everything else is under way. */
const terminalStates = new Set(['SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED', 'IGNORED', 'ERRORED']);

/** How long the server keeps a finished task record: 7 days, in milliseconds. */
export const TASK_RECORD_TTL_MS = 7 * 24 * 3_600_000;

/** What a task record tells about a task's life. */
export interface TaskLife {
  readonly terminal: boolean;
  /** Undefined when the record does not say. */
  readonly lastUpdate: Date | undefined;
}

/**
 * Reads a record of the server. Undefined when it is none: the server cannot read it either
 * (`Failed to parse task status`).
 */
export function readTask(value: string): TaskLife | undefined {
  let record: unknown;
  try {
    record = JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
  const state = field(record, 'state');
  if (typeof state !== 'string') {
    return undefined;
  }
  const lastUpdate = field(field(record, 'result'), 'last_update');
  const at = typeof lastUpdate === 'string' ? new Date(lastUpdate) : undefined;
  return {
    terminal: terminalStates.has(state),
    lastUpdate: at === undefined || Number.isNaN(at.getTime()) ? undefined : at,
  };
}

/** How a recovery ended, for the record. */
export type RecoveryEnd = { readonly kind: 'success' } | { readonly kind: 'failure'; readonly error: string };

/** The record the server's own recovery writes at its end, field by field. */
export function recoveryTask(end: RecoveryEnd, at: Date): string {
  const told =
    end.kind === 'success'
      ? { message: 'Bootstrap recovery completed successfully', status: true }
      : { error: `Bootstrap recovery failed: ${end.error}`, status: false };
  return JSON.stringify({
    state: end.kind === 'success' ? 'SUCCESS' : 'FAILURE',
    result: { ...told, task: 'bootstrap_recovery', last_update: at.toISOString() },
  });
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  // `name` is an own property, as just checked.
  return (value as Readonly<Record<string, unknown>>)[name];
}
