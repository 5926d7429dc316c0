import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { transitionEvents } from '../../api/events.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isConflict, isNotFound } from '../../kube/client/api-error.ts';
import { applyStatus, type StatusOwner } from '../../kube/client/apply-status.ts';
import { addFinalizer } from '../../kube/client/finalizers.ts';
import type { EventRecorder } from '../../kube/events/event-recorder.ts';
import { type Draft, statusOf } from './draft.ts';

/** What a {@link StatusWriter} is made of. */
export interface StatusWriterOptions {
  readonly client: APIClient;
  readonly owner: StatusOwner;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  /** Throws when this process may no longer act as the leader, by the clock and not by what it was told so far. */
  readonly assertLeading: () => void;
  /** The object as just read. */
  readonly run: BootstrapRecovery;
}

/** Milliseconds between two writes of mere progress. */
const progressInterval = 2_000;

/**
 * Milliseconds a change of stage waits for company. Most runs take less in all: they write their beginning and their end, and
 * only those that last tell about the stages in between.
 */
const stageDelay = 250;

/** Writes that may meet a changed object in a row; people edit specs, and no faster than this. */
const defaultMaxTries = 5;

/**
 * The one place that writes to a run while it is worked on. Writes never overlap, so a later status is never overtaken by an
 * earlier one. What a write changed is told in events.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #run: BootstrapRecovery;
  #offered: Draft | undefined;
  #stage: string | undefined;
  #wakeAt: number | undefined;
  #cancelTimer: () => void = () => undefined;
  #lastProgressAt = Number.NEGATIVE_INFINITY;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#run = options.run;
  }

  /** The object as it was last written. */
  get run(): BootstrapRecovery {
    return this.#run;
  }

  /** Writes `draft` when its time has come: soon after a change of stage, else every two seconds. Never waits, never throws. */
  offer(draft: Draft): void {
    const { clock } = this.#options;
    const stage = draft.fields.progress?.stage;
    const due =
      stage === this.#stage
        ? Math.max(clock.monotonic() + stageDelay, this.#lastProgressAt + progressInterval)
        : clock.monotonic() + stageDelay;
    this.#stage = stage;
    this.#offered = draft;
    if (this.#wakeAt !== undefined && this.#wakeAt <= due) {
      return;
    }
    this.#cancelTimer();
    this.#wakeAt = due;
    this.#cancelTimer = clock.after(due - clock.monotonic(), () => this.#writeOffered());
  }

  /**
   * Writes `draft` now, after what is being written. What was offered before and not yet written is older, and dropped.
   *
   * @throws what the API server or the way to it throws; nothing is known to be written then
   */
  async write(draft: Draft): Promise<void> {
    this.drop();
    await this.#inTurn(() => this.#apply(draft));
  }

  /** Writes `draft` unless the object has changed since it was read: then it is outdated, and the change wakes the run anyway. */
  async note(draft: Draft): Promise<void> {
    try {
      await this.#inTurn(() => this.#apply(draft, 1));
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) {
        throw error;
      }
    }
  }

  /** Holds back the deletion of the object from here on; no call when that is so already. */
  async hold(finalizer: string): Promise<void> {
    const { client } = this.#options;
    await this.#inTurn(() =>
      this.#change((run) => addFinalizer<BootstrapRecovery>(client, bootstrapRecoveries, run, finalizer)),
    );
  }

  /** Forgets what was offered and waits for the write under way, if any. */
  async settle(): Promise<void> {
    this.drop();
    await this.#tail;
  }

  /** Forgets what was offered. */
  drop(): void {
    this.#cancelTimer();
    this.#wakeAt = undefined;
    this.#offered = undefined;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    await done;
  }

  #writeOffered(): void {
    const draft = this.#offered;
    this.#wakeAt = undefined;
    this.#offered = undefined;
    if (draft === undefined) {
      return;
    }
    this.#lastProgressAt = this.#options.clock.monotonic();
    this.#tail = this.#tail
      .then(() => this.#apply(draft))
      .catch((error: unknown) => {
        // Progress is for people who watch; the run goes on, and its end is written for certain.
        const gone = isNotFound(error) || isConflict(error);
        this.#options.owner.logger[gone ? 'debug' : 'warn']({ err: error }, 'progress could not be written');
      });
  }

  async #apply(draft: Draft, tries?: number): Promise<void> {
    const { owner, recorder, clock } = this.#options;
    await this.#change(async (before) => {
      const status = statusOf(draft, before, clock.now());
      const written = await applyStatus<BootstrapRecovery>(owner, bootstrapRecoveries, before, status, {
        onlyIfUnchanged: true,
      });
      for (const event of transitionEvents(before.status.conditions ?? [], status.conditions ?? [])) {
        recorder.event(written, event);
      }
      return written;
    }, tries);
  }

  /**
   * A leader that was paused wakes up believing that it still leads, perhaps with a deadline that passed meanwhile, while another
   * one works on the same run. So it looks at the clock first, and every write is conditional on the object as last seen.
   * When the object moved, because of a person or of the other leader, it is read again; a run that has ended stays so.
   */
  async #change(
    change: (run: BootstrapRecovery) => Promise<BootstrapRecovery>,
    maxTries = defaultMaxTries,
  ): Promise<void> {
    const { client, assertLeading } = this.#options;
    for (let tries = 1; ; tries += 1) {
      assertLeading();
      try {
        this.#run = await change(this.#run);
        return;
      } catch (error) {
        if (!isConflict(error) || tries >= maxTries) {
          throw error;
        }
        const { namespace, name, uid } = this.#run.metadata;
        const current = await client.get<BootstrapRecovery>(bootstrapRecoveries, { namespace, name });
        if (current.metadata.uid !== uid) {
          throw error;
        }
        this.#run = current;
      }
    }
  }
}
