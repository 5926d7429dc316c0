import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { addFinalizer } from '../../kube/client/finalizers.ts';
import { retryOnConflict } from '../../kube/client/retry-on-conflict.ts';
import { StatusWriter, type StatusWriterDependencies, sameSpecAndStatus } from '../status/status-writer.ts';
import { type StatusDraft, statusOf } from './draft.ts';

/** Milliseconds between two writes of mere progress. */
const progressInterval = 2_000;

/**
 * Milliseconds a change of stage waits for company. Most runs take less in all: they write their beginning
 * and their end, and only those that last tell about the stages in between.
 */
const stageDelay = 250;

/** The run is gone, has ended, or is another installation's: nothing more may be done for it here. */
export class RunOverError extends Error {
  constructor() {
    super('the run is gone, has ended, or is worked on by another installation');
    this.name = 'RunOverError';
  }
}

/**
 * The status of one run while it is worked on. Writes never overlap, so a later status is never overtaken by
 * an earlier one. What a write changed is reported in events.
 */
export class RunStatus {
  readonly #dependencies: StatusWriterDependencies;
  readonly #writer: StatusWriter<BootstrapRecovery>;
  #run: BootstrapRecovery;
  #offered: StatusDraft | undefined;
  #stage: string | undefined;
  #wakeAt: number | undefined;
  #cancelTimer: () => void = () => undefined;
  #lastProgressAt = Number.NEGATIVE_INFINITY;
  #tail: Promise<void> = Promise.resolve();

  /** @param run as just read */
  constructor(dependencies: StatusWriterDependencies, run: BootstrapRecovery) {
    this.#dependencies = dependencies;
    this.#writer = new StatusWriter(dependencies, { resource: bootstrapRecoveries });
    this.#run = run;
  }

  /** The object as it was last written. */
  get run(): BootstrapRecovery {
    return this.#run;
  }

  /**
   * Writes `draft` when its time has come: soon after a change of stage, else every two seconds. Never waits,
   * never throws.
   */
  offer(draft: StatusDraft): void {
    const { clock } = this.#dependencies;
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
   * Writes `draft` now, after what is being written. What was offered before and not yet written is older,
   * and dropped.
   *
   * @returns false when the run is gone or was ended by another controller: nothing is written then, and
   *   nothing more may be done for it
   * @throws what the API server or the way to it throws; nothing is known to be written then
   */
  async write(draft: StatusDraft): Promise<boolean> {
    this.drop();
    return this.#inTurn(() => this.#apply(draft, notEndedMeanwhile));
  }

  /**
   * Writes `draft`, which names the installation that works on the run from here on.
   *
   * @throws {RunOverError} when the run is gone, has ended, or another installation works on it
   */
  async claim(draft: StatusDraft): Promise<void> {
    this.drop();
    const ours = draft.fields.controller;
    const isFree: StillHolds = (read, current) =>
      notEndedMeanwhile(read, current) && [undefined, ours].includes(current.status.controller);
    if (!(await this.#inTurn(() => this.#apply(draft, isFree)))) {
      throw new RunOverError();
    }
  }

  /**
   * Writes `draft` unless the run has changed since it was read: then the draft is outdated, and the change
   * wakes the run anyway.
   */
  async writeIfUnchanged(draft: StatusDraft): Promise<void> {
    await this.#inTurn(() => this.#apply(draft, sameSpecAndStatus));
  }

  /**
   * Holds back the deletion of the object from here on; no call when that is so already.
   *
   * @throws {RunOverError} when the run is gone or has ended
   */
  async hold(finalizer: string): Promise<void> {
    const { client, assertLeading } = this.#dependencies;
    await this.#inTurn(async () => {
      const held = await retryOnConflict<BootstrapRecovery, BootstrapRecovery>(
        this.#dependencies,
        bootstrapRecoveries,
        this.#run,
        (run) => {
          assertLeading();
          return addFinalizer<BootstrapRecovery>(client, bootstrapRecoveries, run, finalizer);
        },
        { stillHolds: notEndedMeanwhile },
      );
      if (held === undefined) {
        throw new RunOverError();
      }
      this.#run = held;
    });
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

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#tail.then(work);
    this.#tail = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  #writeOffered(): void {
    const draft = this.#offered;
    this.#wakeAt = undefined;
    this.#offered = undefined;
    if (draft === undefined) {
      return;
    }
    this.#lastProgressAt = this.#dependencies.clock.monotonic();
    this.#inTurn(() => this.#apply(draft, notEndedMeanwhile)).catch((error: unknown) => {
      // Progress is for people who watch; the run continues, and its end is written for certain.
      this.#dependencies.owner.logger.warn({ err: error }, 'progress could not be written');
    });
  }

  async #apply(draft: StatusDraft, stillHolds: StillHolds): Promise<boolean> {
    const { clock } = this.#dependencies;
    const statusFor = (current: BootstrapRecovery) => statusOf(draft, current, clock.now());
    const written = await this.#writer.write(this.#run, statusFor, { stillHolds });
    this.#run = written ?? this.#run;
    return written !== undefined;
  }
}

type StillHolds = (read: BootstrapRecovery, current: BootstrapRecovery) => boolean;

/** People may edit a run while it is worked on; what another controller has ended stays as it ended. */
function notEndedMeanwhile(read: BootstrapRecovery, current: BootstrapRecovery): boolean {
  return isTerminal(read.status.conditions ?? []) || !isTerminal(current.status.conditions ?? []);
}
