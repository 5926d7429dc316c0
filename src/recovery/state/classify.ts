import type { ObservedState } from './observed-state.ts';
import type { State } from './state.ts';

interface StateRow {
  readonly state: State;
  /** The evidence, as in the table of R4. */
  readonly when: (observed: ObservedState) => boolean;
}

/**
 * R4, for an app whose chain verified; the first row that holds names the state. What stops a run comes
 * before what it would do. The states that need no look at the settings (`Unreachable`, `NeverBootstrapped`,
 * `FailedBootstrap`) are handled before. A new state is a new row.
 */
const rows: readonly StateRow[] = [
  { state: 'CorruptType', when: ({ corrupt }) => corrupt.length > 0 },
  { state: 'InProgress', when: ({ bootstrap }) => bootstrap?.alive === true },
  { state: 'Locked', when: ({ lockedBy }) => lockedBy !== undefined },
  { state: 'Ceremony', when: ({ ceremonies }) => ceremonies.length > 0 },
  { state: 'StaleMarker', when: ({ marker }) => marker.kind !== 'done' && marker.kind !== 'absent' },
  {
    state: 'FullLoss',
    when: ({ marker, settings }) =>
      marker.kind === 'absent' && settings.every(({ condition }) => condition === 'missing'),
  },
  { state: 'Healthy', when: (observed) => isComplete(observed) && observed.rootSigning.kind === 'string' },
  { state: 'Cosmetic', when: (observed) => observed.marker.kind === 'done' && lacksOnlyDisplay(observed) },
];

/** Total: whatever fits no row is a partial loss, so an unforeseen state is never read as healthy. */
export function classify(observed: ObservedState): State {
  return rows.find(({ when }) => when(observed))?.state ?? 'PartialLoss';
}

/** The marker names a finished task and every setting can be used. */
export function isComplete({ marker, settings }: Pick<ObservedState, 'marker' | 'settings'>): boolean {
  return marker.kind === 'done' && settings.every(({ condition }) => condition === 'valid');
}

/**
 * Only what the server shows and never uses, or ROOT_SIGNING, which a finished root rotation leaves absent.
 */
function lacksOnlyDisplay({ settings }: ObservedState): boolean {
  return settings.every(({ condition, setting }) => condition === 'valid' || setting.displayOnly);
}
