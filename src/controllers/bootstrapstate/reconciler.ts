// Watches BootstrapStates, the RecoveryPolicies and RecoveryTargets that guard them, and runs; hears of
// changes in Redis and bucket. Writes one thing: the status of a BootstrapState (with captured settings and
// events beside it). Creates a BootstrapRecovery only for an order that stands in that status. Reads the app
// (read-app.ts), decides (recoveries.ts, healthy.ts, recoverable.ts, expiry.ts, all pure), writes, carries
// out.
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState, BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import { recoveryCreated, stateEventActions } from '../../api/events.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { bootstrapRecoveries, bootstrapStates } from '../../api/resources.ts';
import { sleep } from '../../async/sleep.ts';
import { describeApp, suffixOf } from '../../faynosync/app.ts';
import type { Store } from '../../kube/cache/store.ts';
import { isAlreadyExists } from '../../kube/client/api-error.ts';
import { findObject } from '../../kube/client/find-object.ts';
import { formatObjectKey, type ObjectKey, parseObjectKey } from '../../kube/client/object-key.ts';
import type { ReconcileContext, ReconcileResult, Reconciler } from '../../kube/controller/reconcile.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import type { RecoveryMetrics } from '../../observability/metrics.ts';
import { legacyHistory, targetIndex } from '../app-history/app-history.ts';
import { inlineSettings } from '../app-history/captured-settings.ts';
import type { Baseline } from '../loss-detection/baseline.ts';
import { settingsFrom } from '../loss-detection/redis-reading.ts';
import type { TargetWatch, TargetWatches } from '../loss-detection/target-watches.ts';
import { BackgroundCalls } from '../refresh/background.ts';
import { Refresher } from '../refresh/refresher.ts';
import { StatusWriter, type StatusWriterDependencies } from '../status/status-writer.ts';
import { captureSettings } from './capture.ts';
import { nextFreshnessChange } from './expiry.ts';
import { type Guard, guardOf, mayRecover } from './guard.ts';
import { healthOf } from './healthy.ts';
import { VerificationInterruptedError, VerificationInterrupts } from './interrupts.ts';
import { LatestStates } from './latest.ts';
import { nextLossReadingMs } from './recoveries/loss-timing.ts';
import { type AppReading, type ReadDependencies, readApp } from './read-app.ts';
import { type RecoverableStatus, recoverableStatus } from './recoverable.ts';
import {
  openRecovery,
  type RunState,
  recentRecoveries,
  recoveryHold,
  runState,
  withNewRecovery,
  withRunStates,
} from './recoveries/records.ts';
import { isOwnedBy, recoveryOf } from './recoveries/recovery-run.ts';
import { type RefreshStep, refreshStep } from './refresh-step.ts';
import { stateIndex } from './recoveries/run-index.ts';
import { isWorthWriting, restingStatus, stateStatus } from './status.ts';
import { TransientReadings } from './transient-readings.ts';

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
  readonly metrics: RecoveryMetrics;
}

/** Everything known about an app before it is read. */
interface Subject {
  readonly state: BootstrapState;
  readonly guard: Guard;
  readonly target: RecoveryTarget;
  readonly watch: TargetWatch;
}

/** Milliseconds until an object that changed during its reconcile is reconciled again. */
const soonMs = 100;
/** Milliseconds until an app is read again that could not be, or that is busy. */
const againMs = 30_000;
/** How often a task of a server is asked for. */
const followEveryMs = 500;

/** Keeps BootstrapStates true, and has losses repaired where a policy asks for it. */
export class BootstrapStateReconciler implements Reconciler {
  readonly #options: BootstrapStateReconcilerOptions;
  readonly #latest: LatestStates;
  readonly #patience: TransientReadings;
  readonly #status: StatusWriter<BootstrapState>;
  readonly #refresher: Refresher;
  readonly #calls: BackgroundCalls;
  readonly #interrupts = new VerificationInterrupts();
  readonly #reading: ReadDependencies;

  constructor(options: BootstrapStateReconcilerOptions) {
    this.#options = options;
    this.#reading = { ...options, interrupts: this.#interrupts };
    options.states.subscribe(({ object }) => this.#interrupts.checkState(object));
    options.policies.subscribe(() => this.#interrupts.check());
    options.targets.subscribe(() => this.#interrupts.check());
    this.#latest = new LatestStates(options.states);
    this.#patience = new TransientReadings(options.clock);
    this.#refresher = new Refresher(options);
    this.#calls = new BackgroundCalls((id) => options.wake(parseObjectKey(id)));
    this.#status = new StatusWriter(options, {
      resource: bootstrapStates,
      eventActions: stateEventActions,
    });
  }

  async reconcile(key: ObjectKey, { signal, logger }: ReconcileContext): Promise<ReconcileResult> {
    const state = this.#latest.get(key);
    if (state === undefined || state.metadata.deletionTimestamp !== undefined) {
      this.#options.slots.forget(key);
      this.#patience.forget(key.name);
      this.#options.watches.forget(key);
      this.#calls.forget(formatObjectKey(key));
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
    if (state.status.observedGeneration === -1) {
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
      restingStatus(withLegacy(state, policies), healthy, clock.now()),
    );
    return written === undefined ? { requeueAfterMs: soonMs } : {};
  }

  async #guard(
    subject: Subject,
    policies: readonly RecoveryPolicy[],
    logger: Logger,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { clock } = this.#options;
    const { state, guard, target, watch } = subject;
    const { name } = state.metadata;
    const remembered = withLegacy(state, policies);
    const isWanted = () => this.#isWanted(subject);
    const known = { ...subject, state: remembered, marks: remembered.status.marks, isWanted };
    const first = await readApp(this.#reading, known, signal);
    if ('refusedBecause' in first) {
      return this.#await(state, first.refusedBecause);
    }
    let read: AppReading = first;
    const runs = await this.#runsOf(remembered, signal);
    let now = clock.now();
    const may = mayRecover(guard, target);
    let recoveries = recentRecoveries(withRunStates(remembered.status.recoveries ?? [], runs, may), now);
    const lostSince = (since: string | undefined): Date | undefined =>
      read.reading.kind === 'lost' || (read.reading.kind === 'unverifiable' && since !== undefined)
        ? this.#patience.lostSince(name, since === undefined ? now : pastOrNow(new Date(since), now))
        : undefined;

    const isOurWork = read.reading.kind === 'busy' && openRecovery({ recoveries }) !== undefined;
    const waitMs = this.#patience.waitFor(name, read.reading, !isNew(state));
    if (isOurWork || waitMs > 0) {
      return { requeueAfterMs: isOurWork ? againMs : waitMs };
    }

    let since = lostSince(remembered.status.lossDetectedTime);
    const isOpen = openRecovery({ recoveries }) !== undefined;
    // While one is under way nothing waits for the limit.
    let hold = isOpen ? undefined : recoveryHold(recoveries, guard.lead.spec, now);
    const lastedMs = since === undefined ? 0 : now.getTime() - since.getTime();
    const stableMs = guard.lead.spec.stabilizationSeconds * 1000;
    if (read.reading.kind === 'lost' && may && hold === undefined && !isOpen && lastedMs >= stableMs) {
      // A full verification holds as long as nothing was signed since: that is asked before anything is
      // ordered.
      let holds = read.verified || (await isUnchanged(watch, name));
      if (!holds) {
        watch.signed.add(name);
        const again = await readApp(this.#reading, known, signal);
        read = 'refusedBecause' in again ? read : again;
        holds = read.verified;
        now = clock.now();
        since = lostSince(remembered.status.lossDetectedTime);
      }
      if (read.reading.kind === 'lost' && holds) {
        recoveries = withNewRecovery(recoveries, state, guard.lead.metadata.name, now);
        hold = undefined;
      }
    }

    const step = refreshStep({
      guard,
      read,
      refresh: remembered.status.refresh,
      result: this.#calls.take(formatObjectKey(state.metadata)),
      recoveries,
      runs: this.#options.runs.byIndex(stateIndex, formatObjectKey(state.metadata)),
      targetsOnlineKey: `TARGETS_ONLINE_KEY_${suffixOf(state.spec)}`,
      now,
    });
    if (step.isSigned) {
      watch.signed.add(name);
    }
    const copy = await this.#capture(known, read, logger, signal);
    const status = stateStatus({
      state: remembered,
      guard,
      reading: read.reading,
      baseline: read.baseline,
      verifiedAt: read.verified ? now : undefined,
      lostSince: since,
      recoveries,
      hold,
      health: healthOf({ reading: read.reading, guard, target, recoveries, lostSince: since, hold }),
      recoverable: copy.recoverable,
      refresh: step.refresh,
      capture: copy.capture,
      now,
    });
    const written = await this.#write(state, status);
    if (written === undefined) {
      return { requeueAfterMs: soonMs };
    }
    this.#count(subject, status);
    await this.#carryOut(written, guard, logger);
    const followMs = this.#refresh(subject, step, logger, signal);
    const nextMs = this.#nextMs(subject, read, status, {
      decidedAt: now,
      lastedMs,
      stableMs,
      hold: hold?.until,
    });
    return { requeueAfterMs: Math.min(nextMs, followMs) };
  }

  /**
   * How the runs of open recoveries stand. The cache says how a run is, but not that there is none: only the
   * API server can.
   */
  async #runsOf(
    { metadata, status }: BootstrapState,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RunState>> {
    const { runs, client } = this.#options;
    const open = openRecovery(status);
    if (open === undefined) {
      return new Map();
    }
    const key = { namespace: metadata.namespace, name: open.name };
    const run =
      runs.get(key) ?? (await findObject<BootstrapRecovery>(client, bootstrapRecoveries, key, signal));
    // A run of that name with another owner will never be ours.
    const found = run === undefined ? 'Absent' : isOwnedBy(run, open.policy) ? runState(run) : 'Failed';
    return new Map([[open.name, found]]);
  }

  /**
   * The copy of the settings and what a recovery would make of them, while the app is healthy. Optional: a
   * failure is an event.
   */
  async #capture(
    { state, guard }: Subject,
    { reading, baseline, values }: AppReading,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<{
    readonly capture?: Awaited<ReturnType<typeof captureSettings>>;
    readonly recoverable?: RecoverableStatus;
  }> {
    if (reading.kind !== 'consistent' || baseline === undefined || values === undefined) {
      return {};
    }
    const { client, clock, recorder, assertLeading } = this.#options;
    const settings = settingsFrom(baseline, values);
    if (!guard.captureSettings) {
      return { capture: {}, ...drilled(baseline, settings, undefined) };
    }
    assertLeading();
    const { version, sha256 } = baseline.timestamp;
    const kept = await captureSettings(
      client,
      state,
      settings,
      { version, sha256 },
      clock.now(),
      { logger, recorder },
      signal,
    );
    const held = kept.settingsRef !== undefined ? settings : inlineSettings(kept)?.values;
    return { capture: kept, ...drilled(baseline, settings, held) };
  }

  /**
   * Undefined when the object has changed since it was read: what was decided from the old one counts for
   * nothing.
   */
  async #write(state: BootstrapState, status: BootstrapStateStatus): Promise<BootstrapState | undefined> {
    if (!isWorthWriting(state.status, status, isDeepStrictEqual)) {
      return state;
    }
    const written = await this.#status.write(state, () => status);
    if (written !== undefined) {
      this.#latest.wrote(written);
    }
    return written;
  }

  /**
   * Creates the run that the status just written orders. An earlier process may have created it and
   * died: a run of that name is that run.
   */
  async #carryOut(state: BootstrapState, guard: Guard, logger: Logger): Promise<void> {
    const { client, recorder, metrics, assertLeading } = this.#options;
    const open = openRecovery(state.status);
    const policy = guard.policies.find(({ metadata }) => metadata.name === open?.policy);
    if (open?.state !== 'Ordered' || policy === undefined) {
      return;
    }
    assertLeading();
    try {
      const run = recoveryOf(policy, state, open.name);
      const related = await client.create<BootstrapRecovery, typeof run>(bootstrapRecoveries, run);
      const { namespace = 'default', name } = policy.metadata;
      metrics.policyRecoveries.inc({ namespace, policy: name });
      logger.info({ run: open.name }, 'recovery created');
      const note = `Created BootstrapRecovery ${open.name} for ${describeApp(state.spec)}.`;
      recorder.event(state, { ...recoveryCreated, note, related });
    } catch (error) {
      if (!isAlreadyExists(error)) {
        throw error;
      }
    }
  }

  /**
   * Sends the request that the status just written holds, or follows one. Milliseconds until it is checked
   * again.
   */
  #refresh(
    { state, target }: Subject,
    { refresh, isNew, isSigned, againAt }: RefreshStep,
    logger: Logger,
    signal: AbortSignal,
  ): number {
    const { assertLeading, clock } = this.#options;
    const id = formatObjectKey(state.metadata);
    if (isNew && refresh !== undefined) {
      assertLeading();
      const send = async () => ({
        kind: 'sent' as const,
        refresh: await this.#refresher.send(target, state.spec, refresh, logger, signal),
      });
      this.#calls.start(id, send, signal);
      return againMs;
    }
    if (refresh?.state === 'UnderWay' && !isSigned) {
      const ask = async () => {
        await sleep(clock, followEveryMs, signal);
        const task = await this.#refresher.task(target, state.spec, refresh, signal);
        return { kind: 'task' as const, task };
      };
      this.#calls.start(id, ask, signal);
      return againMs;
    }
    if (isSigned || refresh?.state === 'Ordered') {
      return isSigned ? soonMs : againMs;
    }
    return againAt === undefined ? Number.POSITIVE_INFINITY : againAt.getTime() - clock.now().getTime();
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
    { reading, baseline }: AppReading,
    { metadata, recoveries = [] }: BootstrapStateStatus,
    loss: {
      readonly decidedAt: Date;
      readonly lastedMs: number;
      readonly stableMs: number;
      readonly hold: Date | undefined;
    },
  ): number {
    const { clock } = this.#options;
    const now = clock.now();
    // What has expired since the decision is not in the status yet.
    const freshnessChange = nextFreshnessChange(metadata, loss.decidedAt)?.getTime();
    const times = [
      freshnessChange === undefined ? Number.POSITIVE_INFINITY : freshnessChange - now.getTime(),
    ];
    if (baseline !== undefined) {
      times.push(baseline.verifiedAtMs + guard.fullVerificationMs - clock.monotonic());
    }
    if (watch.signed.has(state.metadata.name) || reading.kind === 'unverifiable' || reading.kind === 'busy') {
      times.push(againMs);
    }
    if (reading.kind === 'lost' && openRecovery({ recoveries }) === undefined) {
      times.push(loss.hold === undefined ? nextLossReadingMs(loss) : loss.hold.getTime() - now.getTime());
    }
    return Math.max(1, Math.min(...times));
  }
}

/** Nothing has been written about it yet. */
function isNew({ status }: BootstrapState): boolean {
  return status.observedGeneration === -1;
}

/**
 * The app with what earlier versions remembered of it in the status of policies: taken over with the first
 * write, whatever that says.
 */
function withLegacy(state: BootstrapState, policies: readonly RecoveryPolicy[]): BootstrapState {
  if (!isNew(state)) {
    return state;
  }
  const { marks, settings } = legacyHistory(policies, state.spec);
  const [settingsRef] = settings;
  return {
    ...state,
    status: {
      ...state.status,
      ...(marks !== undefined && { marks }),
      ...(settingsRef !== undefined && { settingsRef: { name: settingsRef } }),
    },
  };
}

function drilled(
  { wouldBe }: Baseline,
  settings: ReadonlyMap<string, string>,
  held: ReadonlyMap<string, string> | undefined,
): { readonly recoverable?: RecoverableStatus } {
  return wouldBe === undefined ? {} : { recoverable: recoverableStatus(wouldBe, settings, held) };
}

/** A time that a clock wrote that was ahead counts from now. */
function pastOrNow(time: Date, now: Date): Date {
  return Number.isNaN(time.getTime()) || time > now ? now : time;
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
