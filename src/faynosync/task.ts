/** States of a task record that never change again; everything else is under way. */
const terminalStates = new Set(['SUCCESS', 'FAILURE', 'REVOKED', 'REJECTED', 'IGNORED', 'ERRORED']);

/** How long the server keeps a finished task record: 7 days, in milliseconds. */
export const FINISHED_RECORD_TTL_MS = 7 * 24 * 3_600_000;

/** How long a record of a task under way lives after it was last written: 24 hours, in milliseconds. */
const ACTIVE_RECORD_TTL_MS = 24 * 3_600_000;

/**
 * When the record of a task under way was last written, in milliseconds before now, by the time it has left;
 * undefined when its time to live is none that the server gives.
 */
export function sinceLastWriteMs(ttlMs: number | undefined): number | undefined {
  return ttlMs === undefined || ttlMs > ACTIVE_RECORD_TTL_MS ? undefined : ACTIVE_RECORD_TTL_MS - ttlMs;
}

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
  const record = parse(value);
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

/** Tasks of the server that sign metadata with the settings. */
const signingTasks = ['add_artifacts', 'remove_artifacts', 'force_online_metadata_update'] as const;
const settingsTask = 'update_settings';

/** Texts that a record worth reading as {@link SettingsEvidence} contains one of. */
export const settingsEvidenceTexts: readonly string[] = [settingsTask, ...signingTasks].map(
  (task) => `"${task}"`,
);

/**
 * What a finished task proves about settings. Records carry no app: with several apps in one Redis it is a
 * hint.
 */
export type SettingsEvidence =
  /** Metadata was signed. */
  | { readonly kind: 'signed'; readonly at: Date }
  /** PUT config: `updated` roles got a new lifetime; the settings of `missing` roles were not there. */
  | {
      readonly kind: 'configured';
      readonly at: Date;
      readonly updated: readonly string[];
      readonly missing: readonly string[];
    };

/** Reads a record as evidence; undefined when it is none. */
export function readSettingsEvidence(value: string): SettingsEvidence | undefined {
  const life = readTask(value);
  const result = field(parse(value), 'result');
  const task = field(result, 'task');
  const at = life?.lastUpdate;
  if (life?.terminal !== true || at === undefined) {
    return undefined;
  }
  if (task === settingsTask) {
    const details = field(result, 'details');
    const updated = strings(field(details, 'updated_roles'));
    return { kind: 'configured', at, updated, missing: strings(field(details, 'invalid_roles')) };
  }
  return signingTasks.some((name) => name === task) ? { kind: 'signed', at } : undefined;
}

const recoveryTaskName = 'bootstrap_recovery';

/** How a recovery ended, for the record. */
export type RecoveryEnd = { readonly kind: 'success' } | { readonly kind: 'failure'; readonly error: string };

/** The record the server's own recovery writes at its end, field by field. */
export function recoveryTask(end: RecoveryEnd, at: Date): string {
  const outcome =
    end.kind === 'success'
      ? { message: 'Bootstrap recovery completed successfully', status: true }
      : { error: `Bootstrap recovery failed: ${end.error}`, status: false };
  return JSON.stringify({
    state: end.kind === 'success' ? 'SUCCESS' : 'FAILURE',
    result: { ...outcome, task: recoveryTaskName, last_update: at.toISOString() },
  });
}

/** Whether a record is that of a recovery that has succeeded. */
export function isRecovered(value: string): boolean {
  const record = parse(value);
  return field(record, 'state') === 'SUCCESS' && field(field(record, 'result'), 'task') === recoveryTaskName;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  // `name` is an own property, as just checked.
  return (value as Readonly<Record<string, unknown>>)[name];
}
