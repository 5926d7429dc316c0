import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { App } from '../../recovery/request.ts';
import { newestMarks, type StoredMarks } from './high-water-marks.ts';

/** What earlier versions remembered of an app in the status of policies, until it is taken over. */
export function legacyHistory(
  policies: readonly RecoveryPolicy[],
  { adminName, appName }: App,
): { readonly marks: StoredMarks | undefined; readonly settings: readonly string[] } {
  const entries = policies
    .flatMap(({ status }) => status.apps ?? [])
    .filter((entry) => entry.adminName === adminName && entry.appName === appName);
  return {
    marks: newestMarks(entries.flatMap(({ marks }) => marks ?? [])),
    settings: entries.flatMap(({ settingsRef }) => settingsRef?.name ?? []),
  };
}

/**
 * The app with what earlier versions remembered of it in the status of policies. Only while nothing has been
 * written about the app: it is taken over with the first write, whichever that is.
 */
export function withLegacyHistory(
  state: BootstrapState,
  policies: readonly RecoveryPolicy[],
): BootstrapState {
  if (isObserved(state)) {
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

/** Whether a status has been written since the app's object was made. */
export function isObserved({ status }: Pick<BootstrapState, 'status'>): boolean {
  return status.observedGeneration !== -1;
}
