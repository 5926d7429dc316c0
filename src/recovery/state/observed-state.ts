import { inOneTurn, type Steps } from '../../async/in-turns.ts';
import type { App } from '../../faynosync/app.ts';
import {
  bootstrapLockKey,
  ceremonyKeys,
  lockKey,
  markerKey,
  rootSigningKey,
  taskKey,
} from '../../faynosync/keys.ts';
import { type Marker, parseMarker } from '../../faynosync/marker.ts';
import type { Setting } from '../../faynosync/settings.ts';
import {
  isRecovered,
  readSettingsEvidence,
  readTask,
  settingsEvidenceTexts,
  sinceLastWriteMs,
} from '../../faynosync/task.ts';
import { isValid } from '../../faynosync/values.ts';
import type { ObservedValue, ObservedValues, RecordSearch } from '../../redis/state-store.ts';
import { LossCircumstances } from '../plan/loss-circumstances.ts';
import { taskOfOwner } from '../recovery-lock.ts';
import type { ExpectedState } from './expected-state.ts';

/** One setting as Redis holds it. */
export interface SettingState {
  readonly setting: Setting;
  readonly held: ObservedValue;
  readonly condition: 'valid' | 'missing' | 'invalid' | 'wrongType';
}

/** The facts of R3, ready to be classified. */
export interface ObservedState {
  readonly marker: Marker;
  readonly markerHeld: ObservedValue;
  readonly settings: readonly SettingState[];
  readonly rootSigning: ObservedValue;
  /** Keys that hold a staged signing ceremony. */
  readonly ceremonies: readonly string[];
  /** Keys of the app that hold something other than a string and may not be replaced. */
  readonly corrupt: readonly string[];
  /** The other task that holds the recovery lock. */
  readonly lockedBy: string | undefined;
  /** The bootstrap a `pre-…` marker names. */
  readonly bootstrap:
    | { readonly id: string; readonly alive: boolean; readonly preLock: ObservedValue }
    | undefined;
  /** The marker is our own id: an attempt of this very task wrote it. */
  readonly markerIsOurs: boolean;
  /** There is a record that this very task has succeeded; unknown, and false, where it was not asked for. */
  readonly recordIsOurs: boolean;
  /** What is known about how the settings were lost. */
  readonly loss: LossCircumstances;
  /** The lock carries our own id: this attempt holds it, or an earlier one of this task left it. */
  readonly lockIsOurs: boolean;
}

const absent: ObservedValue = { kind: 'absent' };

type AppKeys = Pick<ExpectedState, 'app' | 'settings' | 'delegatedNames'>;

/** Every key a run looks at. With a `pre-…` marker that is more than is known before the marker was read. */
export function keysToObserve(expected: AppKeys, marker: Marker): readonly string[] {
  return [...inOneTurn(appKeys(expected)), ...bootstrapKeys(marker)];
}

/** The keys of an app that every run reads; its marker may point to further ones. */
export function* appKeys({ app, settings, delegatedNames }: AppKeys): Steps<readonly string[]> {
  const keys = new Set([markerKey(app), lockKey(app)]);
  for (const { key } of settings) {
    keys.add(key);
    yield;
  }
  for (const key of ceremonyKeys(app, delegatedNames)) {
    keys.add(key);
    yield;
  }
  return [...keys];
}

/** The keys that a `pre-…` marker points to. */
export function bootstrapKeys(marker: Marker): readonly string[] {
  return marker.kind === 'bootstrapping' ? [bootstrapLockKey(marker.id), taskKey(marker.id)] : [];
}

/** The search for task records that tell how a lifetime was lost; none is made while all three are there. */
export function taskRecordSearch({ settings }: Pick<ExpectedState, 'settings'>): RecordSearch {
  const lifetimes = settings.filter(
    ({ derivation, displayOnly }) => derivation.kind === 'lifetime' && !displayOnly,
  );
  return {
    unlessPresent: lifetimes.map(({ key }) => key),
    pattern: taskKey('*'),
    containing: settingsEvidenceTexts,
  };
}

/** The marker as it was read; undefined when it is no string. */
export function markerIn(values: ObservedValues, app: App): Marker {
  const held = values.get(markerKey(app)) ?? absent;
  return parseMarker(held.kind === 'string' ? held.value : undefined);
}

/** What was read beside the keys. */
export interface Surroundings {
  /** Task records of the server. */
  readonly records?: readonly string[];
  /** Redis' own clock, by which ages are computed; the run's reference time when Redis does not say. */
  readonly time?: Date | undefined;
}

/** What was read, judged against what should be there. */
export function* observedStateOf(
  values: ObservedValues,
  expected: ExpectedState,
  { records = [], time = expected.now }: Surroundings = {},
): Steps<ObservedState> {
  const { app, taskID } = expected;
  const held = (key: string): ObservedValue => values.get(key) ?? absent;
  const markerHeld = held(markerKey(app));
  const marker = markerIn(values, app);
  const rootSigning = held(rootSigningKey(app));
  const lock = held(lockKey(app));
  const lockTask = lock.kind === 'string' ? taskOfOwner(lock.value) : undefined;
  const record = held(taskKey(taskID));
  const corrupt = [markerKey(app), rootSigningKey(app), lockKey(app)].filter(
    (key) => held(key).kind === 'wrongType',
  );
  const settings: SettingState[] = [];
  for (const setting of expected.settings) {
    const state = settingState(setting, held(setting.key));
    settings.push(state);
    if (state.condition === 'wrongType') {
      corrupt.push(setting.key);
    }
    yield;
  }
  const ceremonies: string[] = [];
  for (const key of ceremonyKeys(app, expected.delegatedNames)) {
    if (isStaged(held(key), key === rootSigningKey(app))) {
      ceremonies.push(key);
    }
    yield;
  }
  return {
    marker,
    markerHeld,
    settings,
    rootSigning,
    ceremonies,
    corrupt: expected.replaceWrongType ? [] : corrupt,
    lockedBy: lockTask !== taskID ? lockTask : undefined,
    bootstrap:
      marker.kind === 'bootstrapping' ? bootstrapLiveness(marker.id, held, expected, time) : undefined,
    markerIsOurs: marker.kind === 'done' && marker.id === taskID,
    recordIsOurs: record.kind === 'string' && isRecovered(record.value),
    loss: new LossCircumstances(
      marker.kind !== 'absent' && marker.kind !== 'blank',
      records.map(readSettingsEvidence).filter((task) => task !== undefined),
    ),
    lockIsOurs: lockTask === taskID,
  };
}

function settingState(setting: Setting, held: ObservedValue): SettingState {
  switch (held.kind) {
    case 'absent':
      return { setting, held, condition: 'missing' };
    case 'wrongType':
      return { setting, held, condition: 'wrongType' };
    case 'string':
      return { setting, held, condition: isValid(setting.kind, held.value) ? 'valid' : 'invalid' };
  }
}

/**
 * Anything but blank is staged. ROOT_SIGNING of a wrong type is corruption; elsewhere it is none of our
 * business.
 */
function isStaged(held: ObservedValue, isRoot: boolean): boolean {
  return held.kind === 'string' ? held.value.trim() !== '' : held.kind === 'wrongType' && !isRoot;
}

/**
 * A bootstrap lives while it holds its pre-lock or its task is under way, and it has shown life lately. How
 * lately is known from Redis alone: each write of the task's record gives it 24 hours to live. Without a
 * record the bootstrap is as old as 1.root.json: no bootstrap starts once the bucket has a root.
 *
 * @param time Redis' own clock
 */
export function bootstrapLiveness(
  id: string,
  held: (key: string) => ObservedValue,
  { staleAfterSeconds, bootstrappedAt }: Pick<ExpectedState, 'staleAfterSeconds' | 'bootstrappedAt'>,
  time: Date,
): NonNullable<ObservedState['bootstrap']> {
  const preLock = held(bootstrapLockKey(id));
  const record = held(taskKey(id));
  const task = record.kind === 'string' ? readTask(record.value) : undefined;
  const active = preLock.kind !== 'absent' || (task !== undefined && !task.terminal);
  const byTTL =
    record.kind === 'string' && task?.terminal === false ? sinceLastWriteMs(record.ttlMs) : undefined;
  const seen = task?.lastUpdate ?? bootstrappedAt;
  const silentMs = byTTL ?? (seen === undefined ? 0 : time.getTime() - seen.getTime());
  return { id, alive: active && silentMs < staleAfterSeconds * 1000, preLock };
}
