import type { SettingsEvidence } from '../../faynosync/task.ts';

/** Clocks of server, store and Redis may differ this much; a store keeps whole seconds. */
const CLOCK_SLACK_MS = 5_000;
/** A task writes its record at most this long after its files. */
const TASK_END_MS = 600_000;

/** What is known about how the settings were lost, beside the settings themselves. */
export class LossCircumstances {
  /**
   * The marker is there, so that the server kept signing, with its defaults where a setting was missing.
   */
  readonly markerSurvives: boolean;
  readonly #tasks: readonly SettingsEvidence[];

  constructor(markerSurvives: boolean, tasks: readonly SettingsEvidence[]) {
    this.markerSurvives = markerSurvives;
    this.#tasks = tasks;
  }

  /** Whether the record of a PUT config survives that changed this role's lifetime in that time. */
  configuredBetween(role: string, from: Date, until: Date): boolean {
    return this.#tasks.some(
      (task) =>
        task.kind === 'configured' &&
        task.updated.includes(role) &&
        task.at.getTime() >= from.getTime() - CLOCK_SLACK_MS &&
        task.at.getTime() <= until.getTime() + CLOCK_SLACK_MS,
    );
  }

  /**
   * Whether the record of the task that wrote a file at this time survives: it ended when everything else was
   * lost.
   */
  signedAfter(writtenAt: Date): boolean {
    return this.#tasks.some(
      ({ kind, at }) =>
        kind === 'signed' &&
        at.getTime() >= writtenAt.getTime() - CLOCK_SLACK_MS &&
        at.getTime() <= writtenAt.getTime() + TASK_END_MS,
    );
  }
}
