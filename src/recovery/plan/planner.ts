import type { Steps } from '../../async/in-turns.ts';
import { sortInSteps } from '../../async/sort-in-steps.ts';
import { bootstrapLockKey, markerKey, rootSigningKey } from '../../faynosync/keys.ts';
import type { ObservedValue } from '../../redis/state-store.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import type { ExpectedState } from '../state/expected-state.ts';
import type { ObservedState, SettingState } from '../state/observed-state.ts';
import { digestOf } from './digest.ts';
import type { LossCircumstances } from './loss-circumstances.ts';
import type { Action, Plan } from './plan.ts';
import { type Evidence, type Rebuilt, rebuild } from './sources.ts';

/** What bootstrap itself would write here: not a guess. */
const asBootstrap = (value: string): Rebuilt => ({ value, source: 'Default', confidence: 'exact' });

/**
 * R5: what a run would do to every key of the app. Pure: the same facts give the same plan, byte for byte. A
 * valid value is kept, a ceremony never appears.
 */
export function* planRecovery(
  observed: ObservedState,
  expected: ExpectedState,
  evidence: Evidence,
): Steps<Plan> {
  const actions = [
    ...markerActions(observed, expected),
    ...rootSigningActions(observed, expected, evidence.trusted),
  ];
  for (const state of observed.settings) {
    actions.push(settingAction(state, evidence, observed.loss));
    yield;
  }
  const sorted = yield* sortByKey(actions);
  return { actions: sorted, digest: yield* digestOf(sorted, expected.place) };
}

/**
 * By code points, which is the order of the UTF-8 bytes; JavaScript's own order differs beyond the basic
 * plane.
 */
function* sortByKey(actions: readonly Action[]): Steps<readonly Action[]> {
  const keyed: { readonly action: Action; readonly bytes: Buffer }[] = [];
  for (const action of actions) {
    keyed.push({ action, bytes: Buffer.from(action.key) });
    yield;
  }
  const sorted = yield* sortInSteps(keyed, (a, b) => Buffer.compare(a.bytes, b.bytes));
  return sorted.map(({ action }) => action);
}

/** Whether carrying out the plan would change anything in Redis. */
export function isEmpty(plan: Plan): boolean {
  return plan.actions.every(({ kind }) => kind === 'Keep');
}

/** The marker becomes this task's id unless a done one survives; a dead bootstrap's pre-lock goes with it. */
function markerActions(
  { marker, markerHeld, bootstrap }: ObservedState,
  { app, taskID }: ExpectedState,
): readonly Action[] {
  const key = markerKey(app);
  if (marker.kind === 'done' && markerHeld.kind === 'string') {
    return [keep(key, markerHeld)];
  }
  const write = put(key, markerHeld, asBootstrap(taskID));
  if (bootstrap === undefined || bootstrap.preLock.kind === 'absent') {
    return [write];
  }
  const preLock: Action = {
    key: bootstrapLockKey(bootstrap.id),
    kind: 'Delete',
    before: beforeOf(bootstrap.preLock),
    after: undefined,
    source: 'Default',
    confidence: 'exact',
  };
  return [write, preLock];
}

/**
 * Blank, as bootstrap leaves it. Next to a surviving marker its absence is normal (a finished root rotation
 * deletes it) and it is not created, unless root was never rotated and settings are missing, too: then it was
 * lost with them. Staged metadata in it is a ceremony and not ours.
 */
function rootSigningActions(
  { marker, rootSigning, settings }: ObservedState,
  { app }: ExpectedState,
  { root }: Trusted,
): readonly Action[] {
  const key = rootSigningKey(app);
  const isLostWithSettings = root.version === 1 && settings.some(({ condition }) => condition === 'missing');
  switch (rootSigning.kind) {
    case 'absent':
      return marker.kind === 'done' && !isLostWithSettings ? [] : [put(key, rootSigning, asBootstrap(''))];
    case 'wrongType':
      return [put(key, rootSigning, asBootstrap(''))];
    case 'string':
      return rootSigning.value.trim() === '' ? [keep(key, rootSigning)] : [];
  }
}

function settingAction(
  { setting, held, condition }: SettingState,
  evidence: Evidence,
  loss: LossCircumstances,
): Action {
  if (condition === 'valid' && held.kind === 'string') {
    return keep(setting.key, held);
  }
  const rebuilt = rebuild(setting, evidence, loss);
  if (rebuilt === undefined) {
    throw new Error(`No source has a valid value for ${setting.key}.`);
  }
  return put(setting.key, held, rebuilt);
}

/** A survivor is never rewritten; at most it is kept from expiring. */
function keep(key: string, { value, ttlMs }: ObservedValue & { readonly kind: 'string' }): Action {
  return {
    key,
    kind: ttlMs === undefined ? 'Keep' : 'Persist',
    before: { value },
    after: value,
    source: 'Survivor',
    confidence: 'exact',
  };
}

function put(key: string, held: ObservedValue, { value, source, confidence, doubt }: Rebuilt): Action {
  return {
    key,
    kind: held.kind === 'absent' ? 'Create' : 'Replace',
    before: beforeOf(held),
    after: value,
    source,
    confidence,
    ...(doubt !== undefined && { doubt }),
  };
}

function beforeOf(held: ObservedValue): Action['before'] {
  switch (held.kind) {
    case 'absent':
      return undefined;
    case 'wrongType':
      return { wrongType: held.type };
    case 'string':
      return { value: held.value };
  }
}
