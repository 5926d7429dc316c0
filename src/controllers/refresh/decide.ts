import type { BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicySpec } from '../../api/recoverypolicy.generated.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import type { Baseline, NewestRoleFile } from '../loss-detection/baseline.ts';

/** The last request for new signatures, as the status holds it. */
export type RefreshStatus = NonNullable<BootstrapStateStatus['refresh']>;

/** What decides whether the server is asked to sign. */
export interface RefreshFacts {
  readonly spec: Pick<RecoveryPolicySpec, 'refresh' | 'refreshBefore'>;
  readonly baseline: Baseline;
  readonly refresh: RefreshStatus | undefined;
  /** The state of the app, which is whole. */
  readonly state: string;
  /** When a recovery of the app ended last, if that was within the hour. */
  readonly recoveredAt: Date | undefined;
  /** Whether the server signs targets itself. */
  readonly targetsOnline: boolean;
  readonly now: Date;
}

const hourMs = 3_600_000;
const maxPerHour = 6;
const firstPauseMs = 60_000;
const longestPauseMs = 1_800_000;
const unitMs = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', hourMs],
  ['d', 24 * hourMs],
]);

/** A request that may be sent now, as it is written before it is sent; or when to ask again. */
export type RefreshDecision =
  | { readonly kind: 'none'; readonly againAt: Date | undefined }
  | { readonly kind: 'order'; readonly order: RefreshStatus };

/**
 * Whether the server is to sign again, and what. Never below an expired root, never during a ceremony, not
 * more than a few times an hour, and after failures later and later. Pure.
 */
export function decideRefresh(facts: RefreshFacts): RefreshDecision {
  const { spec, baseline, refresh, state, now } = facts;
  const isOpen = refresh?.state === 'Ordered' || refresh?.state === 'UnderWay';
  if (spec.refresh === 'Never' || isOpen || state === 'Ceremony' || baseline.root.expires <= now) {
    return { kind: 'none', againAt: undefined };
  }
  const roles = dueRoles(facts);
  if (roles.length === 0) {
    return { kind: 'none', againAt: nextDue(facts) };
  }
  const requests = (refresh?.requests ?? []).filter((time) => {
    const at = Date.parse(time);
    return at > now.getTime() - hourMs && at <= now.getTime();
  });
  const from = allowedFrom(requests, refresh);
  if (from > now.getTime()) {
    return { kind: 'none', againAt: new Date(from) };
  }
  return {
    kind: 'order',
    order: {
      state: 'Ordered',
      roles,
      requestTime: rfc3339(now),
      timestampVersion: baseline.timestamp.version,
      failures: refresh?.failures ?? 0,
      requests: [...requests, rfc3339(now)].slice(-maxPerHour),
    },
  };
}

/**
 * The roles that need new signatures, each once, as the server wants them named: `targets` has it sign all
 * three top-level roles, a delegated role itself, snapshot and timestamp.
 */
function dueRoles(facts: RefreshFacts): readonly string[] {
  const { spec, baseline, recoveredAt, targetsOnline } = facts;
  const isDue = (role: NewestRoleFile): boolean => dueAt(role, facts) <= facts.now.getTime();
  if (spec.refresh === 'AfterRecovery' && recoveredAt === undefined) {
    return [];
  }
  const topLevel = [
    ...(isDue(baseline.targets) && targetsOnline ? ['targets'] : []),
    ...(isDue(baseline.snapshot) ? ['snapshot'] : []),
    ...(isDue(baseline.timestamp) ? ['timestamp'] : []),
  ];
  const delegated = [...baseline.delegated].filter(([, role]) => isDue(role)).map(([name]) => name);
  return [...new Set([...topLevel, ...delegated])];
}

function nextDue(facts: RefreshFacts): Date | undefined {
  if (facts.spec.refresh === 'AfterRecovery') {
    return undefined;
  }
  const { timestamp, snapshot, targets, delegated } = facts.baseline;
  const roles = [timestamp, snapshot, ...(facts.targetsOnline ? [targets] : []), ...delegated.values()];
  return new Date(Math.min(...roles.map((role) => dueAt(role, facts))));
}

function dueAt({ expires, warnAt }: NewestRoleFile, { spec }: RefreshFacts): number {
  const { refreshBefore } = spec;
  if (refreshBefore !== undefined) {
    return (
      expires.getTime() - Number(refreshBefore.slice(0, -1)) * (unitMs.get(refreshBefore.slice(-1)) ?? 0)
    );
  }
  return (warnAt ?? expires).getTime();
}

function allowedFrom(requests: readonly string[], refresh: RefreshStatus | undefined): number {
  const [oldest] = requests;
  const cap = requests.length >= maxPerHour && oldest !== undefined ? Date.parse(oldest) + hourMs : 0;
  const failures = refresh?.failures ?? 0;
  const last = requests.at(-1);
  const pause =
    failures > 0 && last !== undefined
      ? Date.parse(last) + Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
      : 0;
  return Math.max(cap, pause);
}
