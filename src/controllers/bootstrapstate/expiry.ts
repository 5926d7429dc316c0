import type { FreshReason } from '../../api/bootstrapstate/reasons.ts';
import type { BootstrapStateStatus } from '../../api/bootstrapstate.generated.ts';
import type { Verdict } from '../../api/conditions.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import type { Baseline, NewestRoleFile } from '../loss-detection/baseline.ts';

/** Versions and expiries as the status holds them. */
export type MetadataStatus = NonNullable<BootstrapStateStatus['metadata']>;

type Entry = readonly [role: string, expiry: { readonly expiresTime: string; readonly warnTime?: string }];

/** Most roles named in a message. */
const maxNamed = 5;

/** What the status says about the verified files. */
export function metadataStatus(baseline: Baseline): MetadataStatus {
  const { root, timestamp, snapshot, targets, delegated } = baseline;
  const first = [...delegated].sort(([, a], [, b]) => a.expires.getTime() - b.expires.getTime())[0];
  return {
    root: entryOf(root),
    timestamp: entryOf(timestamp),
    snapshot: entryOf(snapshot),
    targets: entryOf(targets),
    ...(first !== undefined && { delegated: { role: first[0], ...entryOf(first[1]) } }),
  };
}

/** When the first file of the app expires; undefined when none is known. */
export function freshUntil(metadata: MetadataStatus | undefined): Date | undefined {
  const times = entries(metadata).map(([, { expiresTime }]) => Date.parse(expiresTime));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** Whether clients still accept the metadata. */
export function freshness(
  metadata: MetadataStatus | undefined,
  isRefreshing: boolean,
  now: Date,
): Verdict<FreshReason> {
  const all = entries(metadata);
  if (all.length === 0) {
    return { reason: 'NotVerified', message: 'The metadata has not been verified yet.' };
  }
  const expired = all.filter(([, { expiresTime }]) => Date.parse(expiresTime) <= now.getTime());
  if (expired.length > 0) {
    const what = list(expired, ({ expiresTime }) => `expired at ${expiresTime}`);
    if (expired.some(([role]) => role === 'root')) {
      return {
        reason: 'Expired',
        message: `${what}. Clients refuse updates. Sign a new root with its keys: the server can sign nothing below an expired root.`,
      };
    }
    return isRefreshing
      ? { reason: 'Refreshing', message: `${what}. The server has been asked to sign again.` }
      : {
          reason: 'Expired',
          message: `${what}. Clients refuse updates. Have the server sign again: refresh: AfterRecovery of a RecoveryPolicy does.`,
        };
  }
  const ending = all.filter(
    ([, { warnTime }]) => warnTime !== undefined && Date.parse(warnTime) <= now.getTime(),
  );
  if (ending.length > 0) {
    return {
      reason: 'ExpiresSoon',
      message: `${list(ending, ({ expiresTime }) => `expires at ${expiresTime}`)}.`,
    };
  }
  return { reason: 'Fresh', message: `No metadata expires before ${rfc3339(freshUntil(metadata) ?? now)}.` };
}

/** When {@link freshness} changes next by the mere passing of time; undefined when it does not. */
export function nextFreshnessChange(metadata: MetadataStatus | undefined, now: Date): Date | undefined {
  const times = entries(metadata)
    .flatMap(([, { expiresTime, warnTime }]) => [expiresTime, warnTime ?? expiresTime])
    .map((time) => Date.parse(time))
    .filter((time) => time > now.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

function entryOf({ version, expires, warnAt }: NewestRoleFile) {
  return {
    version,
    expiresTime: rfc3339(expires),
    ...(warnAt !== undefined && { warnTime: rfc3339(warnAt) }),
  };
}

function entries(metadata: MetadataStatus | undefined): readonly Entry[] {
  const { root, timestamp, snapshot, targets, delegated } = metadata ?? {};
  return [
    ...(root === undefined ? [] : [['root', root] as const]),
    ...(timestamp === undefined ? [] : [['timestamp', timestamp] as const]),
    ...(snapshot === undefined ? [] : [['snapshot', snapshot] as const]),
    ...(targets === undefined ? [] : [['targets', targets] as const]),
    ...(delegated === undefined ? [] : [[delegated.role, delegated] as const]),
  ];
}

function list(some: readonly Entry[], tell: (entry: Entry[1]) => string): string {
  return some
    .slice(0, maxNamed)
    .map(([role, entry]) => `${role} ${tell(entry)}`)
    .join(', ');
}
