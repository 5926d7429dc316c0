import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { ObservedValues } from '../../redis/state-store.ts';
import type { RefreshCallResult } from '../refresh/background.ts';
import { decideRefresh, type RefreshFacts, type RefreshStatus } from '../refresh/decide.ts';
import { followRefresh } from '../refresh/follow.ts';
import type { Guard } from './guard.ts';
import type { AppReading } from './read-app.ts';
import { openRecovery, type RecoveryRecord } from './recoveries/records.ts';

/** What a step of refreshing is made from. */
export interface RefreshStepFacts {
  readonly guard: Guard;
  readonly read: AppReading;
  readonly refresh: RefreshStatus | undefined;
  readonly result: RefreshCallResult | undefined;
  readonly recoveries: readonly RecoveryRecord[];
  /** Runs of the app that the cache shows. */
  readonly runs: readonly BootstrapRecovery[];
  /** Name of the setting that says whether the server signs targets itself. */
  readonly targetsOnlineKey: string;
  readonly now: Date;
}

/** The request as it is now. */
export interface RefreshStep {
  readonly refresh: RefreshStatus | undefined;
  /** It was decided upon just now: it is sent once the status is written. */
  readonly isNew: boolean;
  /** The server says that it has signed: the bucket is to be read. */
  readonly isSigned: boolean;
  readonly againAt: Date | undefined;
}

/** What is asked for, and because of which recovery. */
type RefreshWish = Pick<RefreshFacts, 'spec' | 'recoveredAt'>;

const hourMs = 3_600_000;

/** Follows a request that is under way, or decides upon one. Pure. */
export function refreshStep(facts: RefreshStepFacts): RefreshStep {
  const { read, refresh, result, recoveries, now } = facts;
  const step = { isNew: false, isSigned: false, againAt: undefined };
  if (refresh?.state === 'Ordered' || refresh?.state === 'UnderWay') {
    const sent = result?.kind === 'sent' && result.refresh.requestTime === refresh.requestTime;
    const known = sent && refresh.state === 'Ordered' ? result.refresh : refresh;
    const task = result?.kind === 'task' ? result.task : undefined;
    const next = followRefresh(known, read.baseline, task, now);
    const isSigned = next.state === 'UnderWay' && task?.kind === 'succeeded' && task.roles.length > 0;
    return { ...step, refresh: next, isSigned };
  }
  const asked = wishOf(facts);
  if (
    asked === undefined ||
    read.reading.kind !== 'consistent' ||
    read.baseline === undefined ||
    openRecovery({ recoveries }) !== undefined
  ) {
    return { ...step, refresh };
  }
  const decision = decideRefresh({
    spec: asked.spec,
    baseline: read.baseline,
    refresh,
    state: read.reading.state,
    recoveredAt: asked.recoveredAt,
    targetsOnline: isOnline(read.values, facts.targetsOnlineKey),
    now,
  });
  return decision.kind === 'order'
    ? { ...step, refresh: decision.order, isNew: true }
    : { ...step, refresh, againAt: decision.againAt };
}

/** Who asks for new signatures: a policy, else a run that has recovered the app. */
function wishOf({ guard, recoveries, runs, now }: RefreshStepFacts): RefreshWish | undefined {
  const recovered = runs.filter(
    ({ status }) => findCondition(status.conditions, 'Succeeded')?.reason === 'Recovered',
  );
  const endOf = ({ status }: BootstrapRecovery): number => Date.parse(status.completionTime ?? '');
  if (guard.refresher !== undefined) {
    const own = recoveries.filter(({ state }) => state === 'Succeeded').map(({ time }) => Date.parse(time));
    return {
      spec: guard.refresher.spec,
      recoveredAt: lastWithinTheHour([...own, ...recovered.map(endOf)], now),
    };
  }
  const asking = recovered.filter(({ spec }) => spec.refresh === 'AfterRecovery').map(endOf);
  const recoveredAt = lastWithinTheHour(asking, now);
  return recoveredAt && { spec: { refresh: 'AfterRecovery' }, recoveredAt };
}

function lastWithinTheHour(times: readonly number[], now: Date): Date | undefined {
  const last = Math.max(...times.filter((time) => time > now.getTime() - hourMs && time <= now.getTime()));
  return Number.isFinite(last) ? new Date(last) : undefined;
}

/** The server signs targets itself unless the setting says otherwise. */
function isOnline(values: ObservedValues | undefined, key: string): boolean {
  const held = values?.get(key);
  return held?.kind !== 'string' || held.value === '1' || held.value === 'true';
}
