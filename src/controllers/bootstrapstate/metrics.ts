import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../api/condition.ts';
import type { AppSeriesFacts } from '../../observability/app-series.ts';

/** A quarter of the lifetime is left at the time that the status warns from. */
const warnShare = 0.25;

/** What the series of each guarded app say now. */
export function* appSeriesFacts(states: readonly BootstrapState[], now: Date): Generator<AppSeriesFacts> {
  for (const { metadata, spec, status } of states) {
    if (findCondition(status.conditions, 'Healthy')?.reason === 'NotGuarded') {
      continue;
    }
    const recoverable = findCondition(status.conditions, 'Recoverable')?.status;
    yield {
      labels: {
        namespace: metadata.namespace ?? 'default',
        target: spec.targetRef.name,
        admin: spec.adminName,
        app: spec.appName,
      },
      files: Object.entries(status.metadata ?? {}).map(([role, { expiresTime, warnTime }]) => {
        const expires = new Date(expiresTime);
        return { role, expires, lifetimeLeft: lifetimeLeft(expires, warnTime, now) };
      }),
      isRecoverable: recoverable === 'True' ? true : recoverable === 'False' ? false : undefined,
    };
  }
}

function lifetimeLeft(expires: Date, warnTime: string | undefined, now: Date): number | undefined {
  if (warnTime === undefined) {
    return undefined;
  }
  const lifetimeMs = (expires.getTime() - Date.parse(warnTime)) / warnShare;
  return (expires.getTime() - now.getTime()) / lifetimeMs;
}
