import type { Clock } from '../async/clock.ts';
import type { App } from '../faynosync/app.ts';
import type { StateStore } from '../redis/state-store.ts';
import type { MetadataSource } from '../storage/source.ts';
import type { HighWaterMarks, RecoveryVerifyPolicy, TrustAnchor } from '../tuf/verify/verification.ts';
import type { RunObserver } from './observer.ts';

export type { App };

/** Values and decisions a person knows better than the metadata. */
export interface Overrides {
  /** Lifetimes in days, each >= 1. `roles` is keyed by delegated role in original case. */
  readonly expirations?: {
    readonly root?: number;
    readonly targets?: number;
    readonly snapshot?: number;
    readonly timestamp?: number;
    readonly roles?: ReadonlyMap<string, number>;
  };
  readonly targetsOnlineKey?: boolean;
  /** Replace a key of the app that holds something other than a string. */
  readonly replaceWrongType?: boolean;
  /** A bootstrap whose task record is older than this is dead; 1,800 when absent. */
  readonly staleAfterSeconds?: number;
}

/** Settings that were captured while the app was healthy. */
export interface CapturedSettings {
  readonly capturedAt: Date;
  /**
   * Digest of the timestamp.json that was the newest then, when remembered: the same one now means nothing
   * was signed since.
   */
  readonly timestampSHA256?: string;
  /** Redis key → value. */
  readonly values: ReadonlyMap<string, string>;
}

/** Everything one attempt needs; nothing is read from anywhere else. */
export interface RunRequest {
  /** A UUID, known before the run starts; becomes the marker and the id of the task record. */
  readonly taskID: string;
  /**
   * Unique to this attempt; owns the lock together with the task, so that an attempt that was only paused
   * can't write under the lock of the one that replaced it. Left out: the task owns the lock.
   */
  readonly attemptID?: string;
  /**
   * Where the run works, in a canonical form: an approval holds for a plan at this place only. Left out: any
   * place.
   */
  readonly place?: string;
  /**
   * What to do while another recovery holds the lock. Left out: `wait`, outside of the run's own time;
   * `return`: end with `WaitingForLock`.
   */
  readonly onForeignLock?: 'wait' | 'return';
  /** The longest `wait`, in milliseconds; 360,000 when absent. */
  readonly lockWaitMs?: number;
  /**
   * An attempt of this very task may have been made before, as its caller knows: a marker with the task's id,
   * and the record of its success, are then that attempt's. On their own they prove nothing, because every
   * client can choose an id that is there.
   */
  readonly resumed?: boolean;
  /**
   * An earlier attempt of this very task had something to write, was about to take the lock and was cut off,
   * as its caller knows: it may have written beside a marker that survived, and its lock may have expired
   * since.
   */
  readonly mayHaveWritten?: boolean;
  readonly app: App;
  readonly mode: 'Recover' | 'Verify';
  readonly strategy: 'IfNeeded' | 'Always';
  readonly approval: {
    readonly kind: 'Automatic' | 'Manual';
    /** Digest of the plan that a person has approved. */
    readonly approvedPlan?: string;
  };
  readonly overrides: Overrides;
  /**
   * End the attempt when an override names a role that the app does not have. Left out: it is passed over,
   * because overrides of a policy are for apps with different roles.
   */
  readonly refuseUnknownRoles?: boolean;
  /**
   * What to do with a value that is a choice between several: apply the most probable one (when absent), or
   * wait for approval of the plan.
   */
  readonly uncertainValues?: 'Apply' | 'Ask';
  /** Also work out what a recovery from storage alone would write if everything were lost now. */
  readonly drill?: boolean;
  readonly captured?: CapturedSettings;
  readonly trust: {
    readonly anchor: TrustAnchor;
    readonly policy: RecoveryVerifyPolicy;
    readonly marks?: HighWaterMarks;
  };
  /** Bound to the app's own prefix. */
  readonly source: MetadataSource;
  readonly store: StateStore;
  /** Replicas that must confirm the write (WAIT); 0 when absent. */
  readonly minReplicas?: number;
  /** The one reference time of the attempt (spec 5.1). */
  readonly now: Date;
  /** When the whole chain of attempts ends, on `clock`. */
  readonly deadline: Date;
  readonly clock: Clock;
  /**
   * Honoured at every safe point, never between write and proof. Aborted with a `TransientError` as reason
   * (shutdown, lost leadership) the run ends undecided and can be started again; with any other reason it
   * ends `Cancelled`.
   */
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
  /**
   * Awaited each time before the run takes the lock: the last moment at which nothing is held anywhere. What
   * it rejects with is thrown by the run, and no lock is taken.
   */
  readonly beforeLock?: () => Promise<void>;
}
