// Watches BootstrapStates, the RecoveryPolicies and RecoveryTargets that guard them, and runs; hears of
// changes in Redis and bucket. Reads the app (read-app.ts), decides (recoveries/decide.ts, healthy.ts,
// recoverable.ts, expiry.ts, refresh-step.ts, all pure), writes one thing, the status of the BootstrapState
// (with captured settings and events beside it), and carries out what that status orders: a
// BootstrapRecovery (recoveries/create-recovery.ts), a request to the server (refresh-requests.ts).
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState, BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import { stateEventActions } from '../../api/events.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { bootstrapStates } from '../../api/resources.ts';
import { suffixOf } from '../../faynosync/app.ts';
import type { Store } from '../../kube/cache/store.ts';
import { formatObjectKey, type ObjectKey, parseObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, ReconcileResult, Reconciler } from '../../kube/controller/reconcile.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import { targetIndex } from '../app-history/app-history.ts';
import { raiseMarks } from '../app-history/high-water-marks.ts';
import { isObserved, withLegacyHistory } from '../app-history/legacy-history.ts';
import type { TargetWatch, TargetWatches } from '../loss-detection/target-watches.ts';
import type { SlotRefusal } from '../slots/reconciler-slots.ts';
import { StatusWriter, type StatusWriterDependencies } from '../status/status-writer.ts';
import { drill } from './drill.ts';
import { nextFreshnessChange } from './expiry.ts';
import { type Guard, guardOf, isRecoveryEnabled, mayCreateRun } from './guard.ts';
import { healthOf } from './healthy.ts';
import { VerificationInterruptedError, VerificationInterrupts } from './interrupts.ts';
import { LatestStates } from './latest.ts';
import { type AppReading, type ReadDependencies, type ReadSubject, readApp } from './read-app.ts';
import { createRecovery } from './recoveries/create-recovery.ts';
import { decideRecovery, type RecoveryDecision } from './recoveries/decide.ts';
import { lossTimeOf, nextLossReadingMs } from './recoveries/loss-timing.ts';
import { openRunOf } from './recoveries/open-run.ts';
import {
  openRecovery,
  type RecoveryRecord,
  recentRecoveries,
  withNewRecovery,
  withRunStates,
} from './recoveries/records.ts';
import { stateIndex } from './recoveries/run-index.ts';
import { RefreshRequests } from './refresh-requests.ts';
import { type RefreshStep, refreshStep } from './refresh-step.ts';
import { isWorthWriting, restingStatus, stateStatus } from './status.ts';
import { TransientReadings } from './transient-readings.ts';
import { UnwrittenVerifications } from './unwritten-verifications.ts';

/** Options of {@link BootstrapStateReconciler}. */
export interface BootstrapStateReconcilerOptions
  extends Omit<ReadDependencies, 'interrupts'>,
    StatusWriterDependencies {
  readonly states: Store<BootstrapState>;
  readonly policies: Store<RecoveryPolicy>;
  readonly targets: Store<RecoveryTarget>;
  readonly runs: Store<BootstrapRecovery>;
  readonly watches: TargetWatches;
  readonly proxy: ProxyRule;
  /** Has an app reconciled. */
  readonly wake: (key: ObjectKey) => void;
  /** Has an app reconciled after so many milliseconds. */
  readonly wakeAfter: (key: ObjectKey, delayMs: number) => void;
  readonly metrics: RecoveryMetrics;
}

/** Everything known about an app before it is read. */
interface Subject {
  readonly state: BootstrapState;
  readonly guard: Guard;
  readonly target: RecoveryTarget;
  readonly watch: TargetWatch;
}

/** What was decided from a reading of the app. */
interface Decision extends RecoveryDecision {
  readonly read: AppReading;
  /** As they are written: with the one that was just ordered. */
  readonly recoveries: readonly RecoveryRecord[];
  /** When the present loss was noticed. */
  readonly lostSince: Date | undefined;
  readonly decidedAt: Date;
}

/** Milliseconds until an object that changed during its reconcile is reconciled again. */
const soonMs = 100;
/** Milliseconds until an app is read again that could not be, or that is busy. */
const againMs = 30_000;

/** Keeps BootstrapStates true, and has losses repaired where a policy asks for it. */
export class BootstrapStateReconciler implements Reconciler {
  readonly #options: BootstrapStateReconcilerOptions;
  readonly #latest: LatestStates;
  readonly #transient: TransientReadings;
  readonly #unwritten = new UnwrittenVerifications();
  readonly #status: StatusWriter<BootstrapState>;
  readonly #requests: RefreshRequests;
  readonly #interrupts = new VerificationInterrupts();
  readonly #readDependencies: ReadDependencies;

  constructor(options: BootstrapStateReconcilerOptions) {
    this.#options = options;
    this.#readDependencies = { ...options, interrupts: this.#interrupts };
    options.states.subscribe(({ object }) => this.#interrupts.checkState(object));
    options.policies.subscribe(() => this.#interrupts.check());
    options.targets.subscribe(() => this.#interrupts.check());
    this.#latest = new LatestStates(options.states, (key) => options.wakeAfter(key, againMs));
    this.#transient = new TransientReadings(options.clock);
    this.#requests = new RefreshRequests(options, (id) => options.wake(parseObjectKey(id)));
    this.#status = new StatusWriter(options, {
      resource: bootstrapStates,
      eventActions: stateEventActions,
    });
  }

  async reconcile(key: ObjectKey, { signal, logger }: ReconcileContext): Promise<ReconcileResult> {
    const state = this.#latest.get(key);
    if (state === undefined || state.metadata.deletionTimestamp !== undefined) {
      this.#options.slots.forget(key);
      this.#transient.forget(key);
      this.#unwritten.forget(key);
      this.#options.watches.forget(key);
      this.#requests.forget(formatObjectKey(key));
      return {};
    }
    const policies = this.#policiesOf(state);
    const guard = guardOf(policies, state);
    const target = this.#targetOf(state);
    if (guard === undefined || target === undefined) {
      this.#options.slots.forget(key);
      return this.#rest(state, policies, guard === undefined);
    }
    const watch = this.#options.watches.ensure(target);
    try {
      return await this.#guard({ state, guard, target, watch }, policies, logger, signal);
    } catch (error) {
      if (!(error instanceof VerificationInterruptedError)) {
        throw error;
      }
      // What interrupted it has the app reconciled.
      logger.info({ err: error }, 'verification interrupted');
      return {};
    }
  }

  #policiesOf({ metadata, spec }: BootstrapState): readonly RecoveryPolicy[] {
    return this.#options.policies.byIndex(targetIndex, `${metadata.namespace}/${spec.targetRef.name}`);
  }

  /** The target of an app; undefined when there is none that can be used. */
  #targetOf({ metadata: { namespace }, spec }: BootstrapState): RecoveryTarget | undefined {
    const target = this.#options.targets.get({ namespace, name: spec.targetRef.name });
    const usable = target?.metadata.deletionTimestamp === undefined && target?.spec.suspend === false;
    return usable ? target : undefined;
  }

  /** Whether an app is still guarded, on the target as it was read. */
  #isWanted({ state, target: { metadata: read } }: Pick<Subject, 'state' | 'target'>): boolean {
    const now = this.#options.states.get(state.metadata);
    const target = this.#targetOf(state)?.metadata;
    return (
      now?.metadata.uid === state.metadata.uid &&
      now.metadata.deletionTimestamp === undefined &&
      target?.uid === read.uid &&
      target.generation === read.generation &&
      guardOf(this.#policiesOf(state), state) !== undefined
    );
  }

  /** The app waits for its first verification; one that was verified before says what it said. */
  async #await(state: BootstrapState, message: string): Promise<ReconcileResult> {
    const { clock } = this.#options;
    if (!isObserved(state)) {
      const notVerified = { reason: 'NotVerified', message } as const;
      const status = restingStatus(state, notVerified, clock.now(), 'reconciling');
      // Not observed yet: what an older version left behind is taken over when it is.
      await this.#write(state, { ...status, observedGeneration: -1 });
    }
    return {};
  }

  /** No policy guards the app, or its target can't be used: what is known stays, and the status says why. */
  async #rest(
    state: BootstrapState,
    policies: readonly RecoveryPolicy[],
    isUnguarded: boolean,
  ): Promise<ReconcileResult> {
    const { watches, clock } = this.#options;
    const { namespace, name } = state.metadata;
    const watch = watches.get({ namespace, name: state.spec.targetRef.name });
    watch?.forget(name);
    const target = `RecoveryTarget ${namespace}/${state.spec.targetRef.name}`;
    const healthy = isUnguarded
      ? ({
          reason: 'NotGuarded',
          message: 'No RecoveryPolicy covers the app. What is remembered of it stays in force.',
        } as const)
      : ({ reason: 'TargetUnavailable', message: `${target} does not exist or is suspended.` } as const);
    const written = await this.#write(
      state,
      restingStatus(withLegacyHistory(state, policies), healthy, clock.now()),
    );
    return written === undefined ? { requeueAfterMs: soonMs } : {};
  }

  async #guard(
    subject: Subject,
    policies: readonly RecoveryPolicy[],
    logger: Logger,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const key = subject.state.metadata;
    const remembered = withLegacyHistory(subject.state, policies);
    const isWanted = () => this.#isWanted(subject);
    const { marks: written } = remembered.status;
    const { heads } = this.#unwritten.of(key, subject.guard.revision, written);
    const marks = heads === undefined ? written : raiseMarks(written, heads);
    const known = { ...subject, state: remembered, marks, isWanted };
    // Before the app is read: what a run has written before it ended is then in what is read. The other way
    // round, a loss that was read before would seem to outlast its own repair.
    const recoveries = await this.#recoveriesOf(known, signal);
    const read = await this.#read(known, signal);
    if ('refusedBecause' in read) {
      return this.#await(subject.state, read.refusedBecause);
    }
    const waitMs = this.#transient.waitFor(key, read.reading, isObserved(subject.state));
    const isOwnWork = read.reading.kind === 'busy' && openRecovery({ recoveries }) !== undefined;
    if (isOwnWork || waitMs > 0) {
      return { requeueAfterMs: isOwnWork ? againMs : Math.min(waitMs, this.#transient.againIn(key)) };
    }
    const decision = await this.#decide(known, read, recoveries, signal);
    return this.#carryOut(subject, known, decision, logger, signal);
  }

  /** Reads the app, and remembers what a verification on the way found until it is written. */
  async #read(subject: ReadSubject, signal: AbortSignal): Promise<AppReading | SlotRefusal> {
    const read = await readApp(this.#readDependencies, subject, signal);
    if ('refusedBecause' in read) {
      return read;
    }
    const { metadata, status } = subject.state;
    const { heads } = read.reading;
    if (read.verified || heads !== undefined) {
      const verifiedAt = read.verified ? this.#options.clock.now() : undefined;
      const found = { heads, verifiedAt, revision: subject.guard.revision };
      this.#unwritten.note(metadata, found, status.marks);
    }
    return read;
  }

  /** The recoveries of an app as they stand now. */
  async #recoveriesOf(
    { state, guard, target }: ReadSubject,
    signal: AbortSignal,
  ): Promise<readonly RecoveryRecord[]> {
    const runs = await openRunOf(this.#options, state, signal);
    const current = withRunStates(state.status.recoveries ?? [], runs, (policyName) =>
      mayCreateRun(guard, target, policyName),
    );
    return recentRecoveries(current, this.#options.clock.now());
  }

  /**
   * Decides whether the app is recovered. A full verification holds as long as nothing was signed since; that
   * is asked before a recovery is ordered, and what was signed is verified first. Redis is read once more,
   * because the bucket may take its time to answer.
   */
  async #decide(
    subject: ReadSubject,
    first: AppReading,
    recoveries: readonly RecoveryRecord[],
    signal: AbortSignal,
  ): Promise<Decision> {
    const { watch, state } = subject;
    const decision = this.#decisionOn(subject, first, recoveries);
    if (!decision.isDue) {
      return decision;
    }
    const isCurrent = first.verified || (await isUnchanged(watch, state.metadata.name));
    if (!isCurrent) {
      watch.signed.add(state.metadata.name);
    }
    const again = await this.#read(subject, signal);
    if ('refusedBecause' in again) {
      return decision;
    }
    this.#transient.note(state.metadata, again.reading);
    if (again.reading.kind === 'busy') {
      // For what is busy with the app by now the next reconcile waits.
      return decision;
    }
    const read = { ...again, verified: first.verified || again.verified };
    const latest = this.#decisionOn(subject, read, recoveries);
    return latest.isDue && (isCurrent || again.verified) ? ordered(latest, subject) : latest;
  }

  #decisionOn(
    { state: { metadata, status }, guard, target }: ReadSubject,
    read: AppReading,
    recoveries: readonly RecoveryRecord[],
  ): Decision {
    const now = this.#options.clock.now();
    const before = status.lossDetectedTime;
    const isLost =
      read.reading.kind === 'lost' || (read.reading.kind === 'unverifiable' && before !== undefined);
    const lostSince = isLost ? this.#transient.lostSince(metadata, lossTimeOf(before, now)) : undefined;
    const recovery = decideRecovery({
      reading: read.reading,
      recoveries,
      isAllowed: isRecoveryEnabled(guard, target),
      rules: guard.lead.spec,
      lostSince,
      now,
    });
    return { ...recovery, read, recoveries, lostSince, decidedAt: now };
  }

  /** Writes what was decided, then does it. */
  async #carryOut(
    subject: Subject,
    { state: remembered }: ReadSubject,
    decision: Decision,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { state, guard, target, watch } = subject;
    const { read, lostSince, recoveries, hold, decidedAt } = decision;
    const id = formatObjectKey(state.metadata);
    const found = this.#unwritten.of(state.metadata, guard.revision, remembered.status.marks);
    const result = this.#requests.result(id);
    const step = refreshStep({
      guard,
      read,
      refresh: remembered.status.refresh,
      result,
      recoveries,
      runs: this.#options.runs.byIndex(stateIndex, id),
      targetsOnlineKey: `TARGETS_ONLINE_KEY_${suffixOf(state.spec)}`,
      now: decidedAt,
    });
    if (step.isSigned) {
      watch.signed.add(state.metadata.name);
    }
    const copy = await drill(this.#options, remembered, read, guard.captureSettings, logger, signal);
    const status = stateStatus({
      state: remembered,
      guard,
      reading: read.reading,
      baseline: read.baseline,
      ...found,
      lostSince,
      recoveries,
      hold,
      health: healthOf({ reading: read.reading, guard, target, recoveries, lostSince, hold }),
      recoverable: copy.recoverable,
      refresh: step.refresh,
      capture: copy.capture,
      now: decidedAt,
    });
    const written = await this.#write(state, status);
    if (written === undefined) {
      return { requeueAfterMs: soonMs };
    }
    this.#unwritten.forget(state.metadata);
    this.#requests.settled(id, result);
    this.#count(subject, status);
    await createRecovery(this.#options, written, guard.policies, logger);
    const started = this.#requests.start(id, target, state.spec, step, logger, signal);
    return {
      requeueAfterMs: Math.min(this.#nextMs(subject, decision, status), this.#refreshMs(step, started)),
    };
  }

  /**
   * Undefined when the object has changed since it was read: what was decided from the old one counts for
   * nothing.
   */
  async #write(state: BootstrapState, status: BootstrapStateStatus): Promise<BootstrapState | undefined> {
    if (!isWorthWriting(state.status, status, isDeepStrictEqual)) {
      return state;
    }
    return this.#latest.write(state, () => this.#status.write(state, () => status));
  }

  /** Milliseconds until a request to the server is worth another look, unless its answer comes first. */
  #refreshMs({ refresh, isSigned, againAt }: RefreshStep, isStarted: boolean): number {
    if (isSigned) {
      return soonMs;
    }
    if (isStarted || refresh?.state === 'Ordered') {
      return againMs;
    }
    return againAt === undefined
      ? Number.POSITIVE_INFINITY
      : againAt.getTime() - this.#options.clock.now().getTime();
  }

  #count({ state, guard }: Subject, status: BootstrapStateStatus): void {
    const { metrics } = this.#options;
    const isTrue = ({ conditions = [] }: BootstrapStateStatus, type: string): boolean =>
      conditions.some((condition) => condition.type === type && condition.status === 'True');
    for (const { metadata } of guard.policies) {
      const labels = { namespace: metadata.namespace ?? 'default', policy: metadata.name };
      if (status.lossDetectedTime !== undefined && state.status.lossDetectedTime === undefined) {
        metrics.policyLosses.inc(labels);
      }
      if (isTrue(status, 'CircuitOpen') && !isTrue(state.status, 'CircuitOpen')) {
        metrics.policySuppressed.inc(labels);
      }
    }
  }

  /** Milliseconds until time alone makes the app worth another look. */
  #nextMs(
    { guard, watch, state }: Subject,
    decision: Decision,
    { metadata, recoveries = [] }: BootstrapStateStatus,
  ): number {
    const { clock } = this.#options;
    const { reading, baseline } = decision.read;
    const now = clock.now();
    // What has expired since the decision is not in the status yet.
    const freshnessChange = nextFreshnessChange(metadata, decision.decidedAt)?.getTime();
    const times = [
      freshnessChange === undefined ? Number.POSITIVE_INFINITY : freshnessChange - now.getTime(),
    ];
    if (baseline !== undefined) {
      times.push(baseline.verifiedAtMs + guard.fullVerificationMs - clock.monotonic());
    }
    if (watch.signed.has(state.metadata.name) || reading.kind === 'unverifiable' || reading.kind === 'busy') {
      times.push(againMs, this.#transient.againIn(state.metadata));
    }
    if (reading.kind === 'lost' && openRecovery({ recoveries }) === undefined) {
      const { hold } = decision;
      times.push(hold === undefined ? nextLossReadingMs(decision) : hold.until.getTime() - now.getTime());
    }
    return Math.max(1, Math.min(...times));
  }
}

/** The same decision with a recovery ordered. */
function ordered(decision: Decision, { state, guard }: ReadSubject): Decision {
  const { recoveries, decidedAt } = decision;
  return {
    ...decision,
    recoveries: withNewRecovery(recoveries, state, guard.lead.metadata.name, decidedAt),
  };
}

/**
 * Whether nothing was signed since; when the bucket does not answer, that is for the full verification to
 * tell.
 */
async function isUnchanged(watch: TargetWatch, name: string): Promise<boolean> {
  try {
    return await watch.bucket.isUnchanged(name);
  } catch {
    return false;
  }
}
