import { inOneTurn } from '../../async/in-turns.ts';
import { markerKey, rootSigningKey } from '../../faynosync/keys.ts';
import { classify } from '../../recovery/state/classify.ts';
import {
  keysToObserve,
  markerIn,
  type ObservedState,
  observedStateOf,
} from '../../recovery/state/observed-state.ts';
import type { ObservedValues } from '../../redis/state-store.ts';
import { type Baseline, expectedState } from './baseline.ts';
import type { Reading } from './reading.ts';

/** No marker holds it: what is read is judged, and nothing is written under this id. */
const noTask = '';

/** Every key to read for an app whose marker is as `values` show it. */
export function keysToRead(baseline: Baseline, values: ObservedValues): readonly string[] {
  return keysToObserve(expectedState(baseline, noTask, new Date(0)), markerIn(values, baseline.app));
}

/**
 * What Redis' answer says about an app whose metadata was verified, exactly as a run of mode Verify would
 * judge it. Pure.
 */
export function readingFromRedis(baseline: Baseline, values: ObservedValues, now: Date): Reading {
  const observed = inOneTurn(observedStateOf(values, expectedState(baseline, noTask, now)));
  const state = classify(observed);
  const [corrupt] = observed.corrupt;
  if (corrupt !== undefined) {
    return {
      kind: 'unverifiable',
      reason: 'CorruptType',
      message: `${corrupt} holds something other than a string. Look at what wrote it; overrides.replaceWrongType: true replaces it.`,
      targetWide: false,
    };
  }
  if (state === 'InProgress' || state === 'Locked') {
    return { kind: 'busy', state };
  }
  return isWhole(observed) ? { kind: 'consistent', state } : { kind: 'lost', state };
}

/** Whether a recovery would write nothing: the marker and every setting are valid and never expire. */
function isWhole({ marker, markerHeld, settings, rootSigning }: ObservedState): boolean {
  const lasting = (held: ObservedState['markerHeld']): boolean =>
    held.kind === 'string' && held.ttlMs === undefined;
  const blankOrStaged =
    rootSigning.kind === 'absent' ||
    (rootSigning.kind === 'string' && (rootSigning.ttlMs === undefined || rootSigning.value.trim() !== ''));
  return (
    marker.kind === 'done' &&
    lasting(markerHeld) &&
    settings.every(({ condition, held }) => condition === 'valid' && lasting(held)) &&
    blankOrStaged
  );
}

/**
 * The settings as Redis holds them, without what a recovery never takes from a copy: marker and staged root.
 */
export function settingsFrom(baseline: Baseline, values: ObservedValues): ReadonlyMap<string, string> {
  const apart = new Set([markerKey(baseline.app), rootSigningKey(baseline.app)]);
  const settings = expectedState(baseline, noTask, new Date(0)).settings.filter(({ key }) => !apart.has(key));
  return new Map(
    settings.flatMap(({ key }) => {
      const held = values.get(key);
      return held?.kind === 'string' ? [[key, held.value] as const] : [];
    }),
  );
}
