import { inTurns, nextTurn } from '../async/in-turns.ts';
import { sleep } from '../async/sleep.ts';
import { RecoveryError, TransientError } from '../errors.ts';
import { markerKey, taskKey } from '../faynosync/keys.ts';
import { FINISHED_RECORD_TTL_MS, type RecoveryEnd, recoveryTask } from '../faynosync/task.ts';
import type { Lock, ObservedValues } from '../redis/state-store.ts';
import type { AttemptContext } from './attempt.ts';
import { tooFewReplicas } from './confirm.ts';
import { type Ending, endingOfAbort, endingOfError, finalEnding, isSuccess } from './ending.ts';
import { LockHolding } from './lock-holding.ts';
import { changesOf } from './plan/changes.ts';
import type { Plan } from './plan/plan.ts';
import { lockFor, taskOfOwner } from './recovery-lock.ts';
import type { ExpectedState } from './state/expected-state.ts';
import {
  appKeys,
  bootstrapKeys,
  markerIn,
  type Surroundings,
  taskRecordSearch,
} from './state/observed-state.ts';

/** How often a lock of another owner is read. */
const LOCK_POLL_MS = 500;
/** How long replicas get to confirm the write. */
const REPLICATION_TIMEOUT_MS = 5_000;

/** What came of a write: done and read back, to be tried again from what is there now, or over. */
export type WriteResult =
  | { readonly kind: 'applied' }
  | { readonly kind: 'again'; readonly trouble: Ending }
  | { readonly kind: 'failed'; readonly ending: Ending };

/**
 * One attempt's dealings with Redis, R3 and R7 to R10: what was read last, and the lock. Each method is one
 * round trip; only a `pre-…` marker, whose keys are not known before it was read, costs one more.
 */
export class RedisSession implements AsyncDisposable {
  readonly expected: ExpectedState;
  readonly #attempt: AttemptContext;
  #lock: Lock;
  /** Kept: an app may have a hundred thousand keys, and each is asked for several times. */
  #appKeys: readonly string[] | undefined;
  #values: ObservedValues = new Map();
  #surroundings: Surroundings = {};
  #holding: LockHolding | undefined;
  /** The lock was asked for and not refused: a lost connection hides whether it was given. */
  #mayOwnLock = false;

  constructor(attempt: AttemptContext, expected: ExpectedState) {
    this.expected = expected;
    this.#attempt = attempt;
    this.#lock = lockFor(attempt.request, attempt.limit.leftMs);
  }

  /** What every key held when it was read last. */
  get values(): ObservedValues {
    return this.#values;
  }

  /** What the last observation read beside the keys. */
  get surroundings(): Surroundings {
    return this.#surroundings;
  }

  get holdsLock(): boolean {
    return this.#holding !== undefined;
  }

  /** R3. */
  async observe(): Promise<void> {
    const { request, report, signal } = this.#attempt;
    do {
      const keys = await this.#keys();
      report.progress('Observe', 0, keys.length);
      const { values, server, records } = await request.store.observe(
        keys,
        signal,
        taskRecordSearch(this.expected),
      );
      this.#values = values;
      this.#surroundings = { records, time: server.time };
      report.server(server);
    } while (!this.#sawAll());
  }

  /** R6, when another recovery is under way: waits a little and reads again. */
  async waitForLock(): Promise<void> {
    const { request, signal } = this.#attempt;
    await sleep(request.clock, LOCK_POLL_MS, signal);
    await this.observe();
  }

  /** R7: takes the lock, or re-enters it after a crash of the same task, and reads everything behind it. */
  async lock(): Promise<void> {
    const { request, report, limit, signal } = this.#attempt;
    await request.beforeLock?.();
    this.#lock = lockFor(request, limit.leftMs);
    report.progress('Lock', 0, 1);
    this.#mayOwnLock = true;
    const { acquired, values } = await request.store.lock(this.#lock, await this.#keys(), {
      replaceWrongType: this.expected.replaceWrongType,
      signal,
    });
    this.#values = values;
    this.#mayOwnLock = acquired;
    if (acquired) {
      this.#holding = new LockHolding(this.#lock, request.store, request.clock);
    }
    if (!this.#sawAll()) {
      await this.observe();
    }
  }

  /** R8 with the read-back for R9. From here to the proof there is no safe point: no signal is heard. */
  async write(plan: Plan): Promise<WriteResult> {
    const { request, report } = this.#attempt;
    const replicas = request.minReplicas ?? 0;
    await nextTurn();
    const changes = changesOf(plan, markerKey(request.app));
    report.progress('Apply', 0, changes.length);
    report.attempted(plan);
    try {
      const { result, confirmed, values } = await request.store.apply(
        this.#lock,
        changes,
        await this.#keys(),
        {
          replicas,
          timeoutMs: replicas > 0 ? REPLICATION_TIMEOUT_MS : 0,
        },
      );
      this.#values = values;
      if (!this.#sawAll()) {
        await this.observe();
      }
      report.progress('Confirm', 0, changes.length);
      switch (result.kind) {
        case 'applied': {
          const ending = tooFewReplicas(confirmed, replicas);
          return ending === undefined ? { kind: 'applied' } : { kind: 'failed', ending };
        }
        case 'lockLost':
          await this.#dropLock();
          if (result.holder !== undefined && taskOfOwner(result.holder) === request.taskID) {
            return { kind: 'failed', ending: replaced() };
          }
          return again(
            `The lock was lost: ${result.holder === undefined ? 'it expired' : `${result.holder} holds it`}.`,
          );
        case 'mismatch':
          return again(`${result.key} was changed by another client.`);
      }
    } catch (error) {
      if (error instanceof RecoveryError && error.code === 'RedisUnexpectedReply') {
        // In the words of Redis, which no rule knows; what refused here is the write, and not how Redis runs.
        const succeeded = { reason: 'RedisWriteFailed', message: error.message } as const;
        return { kind: 'failed', ending: { succeeded, retry: 'none', error } };
      }
      if (!(error instanceof TransientError)) {
        throw error;
      }
      // The reply was lost, so it is unknown whether the script ran: read, never assume.
      await this.observe();
      return { kind: 'again', trouble: endingOfError(error) };
    }
  }

  /**
   * R10 after success: the record for the server's own API, and the end of the lock.
   *
   * @returns false when the connection was lost and everything was read anew: a failover may have lost the
   *   write, so it must be proven again
   */
  async record(): Promise<boolean> {
    const { report } = this.#attempt;
    report.progress('Record', 0, 1);
    try {
      await this.#release({ kind: 'success' }, true);
      report.progress('Record', 1, 1);
    } catch (error) {
      if (!(error instanceof RecoveryError)) {
        throw error;
      }
      if (error instanceof TransientError && (await this.#readAnew())) {
        return false;
      }
      // What was proven stays proven: a missing record never turns success into failure.
      report.add('RecordNotWritten', error.message);
    }
    await this.#dropLock();
    return true;
  }

  /**
   * The end of an attempt that still holds the lock, or may hold it, because it wrote nothing or failed:
   * frees it, with a record when the task has failed for good. Best effort: what happened before is what is
   * reported.
   */
  async abandon(ending: Ending): Promise<void> {
    if (!this.#mayOwnLock) {
      return;
    }
    await this.#dropLock();
    const failed = ending.retry === 'none' && !isSuccess(ending);
    try {
      await this.#release(failed ? { kind: 'failure', error: ending.succeeded.message } : undefined, false);
    } catch (error) {
      if (!(error instanceof RecoveryError)) {
        throw error;
      }
      this.#attempt.report.add('LockNotReleased', error.message);
    }
  }

  /** Whatever happened, a lock that is no longer used is renewed no longer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dropLock();
  }

  async #release(end: RecoveryEnd | undefined, sameConnection: boolean): Promise<void> {
    const { store, clock, taskID } = this.#attempt.request;
    const record = end && {
      key: taskKey(taskID),
      value: recoveryTask(end, clock.now()),
      ttlMs: FINISHED_RECORD_TTL_MS,
    };
    await store.release(this.#lock, record, { sameConnection });
  }

  async #readAnew(): Promise<boolean> {
    try {
      await this.observe();
      return true;
    } catch (error) {
      if (error instanceof RecoveryError || this.#attempt.signal.aborted) {
        return false;
      }
      throw error;
    }
  }

  async #dropLock(): Promise<void> {
    await this.#holding?.stop();
    this.#holding = undefined;
    this.#mayOwnLock = false;
  }

  async #keys(): Promise<readonly string[]> {
    this.#appKeys ??= [...(await inTurns(appKeys(this.expected))), ...this.#ownRecord()];
    const further = this.#keysOfMarker();
    return further.length === 0 ? this.#appKeys : [...this.#appKeys, ...further];
  }

  /** What an earlier attempt of this task may have left beside a marker that survived. */
  #ownRecord(): readonly string[] {
    const { resumed, taskID } = this.#attempt.request;
    return resumed === true ? [taskKey(taskID)] : [];
  }

  #keysOfMarker(): readonly string[] {
    return bootstrapKeys(markerIn(this.#values, this.expected.app));
  }

  /** Whether the keys that the marker points to were read together with it. */
  #sawAll(): boolean {
    return this.#keysOfMarker().every((key) => this.#values.has(key));
  }
}

/** Undecided: whichever attempt holds the lock now decides. */
function replaced(): Ending {
  return endingOfAbort(new TransientError('Aborted', 'Another attempt of this run has taken it up.'));
}

function again(what: string): WriteResult {
  return { kind: 'again', trouble: finalEnding('Conflict', `${what} Find out who else writes to this app.`) };
}
