import { expect, test } from 'vitest';
import { KnownStorage } from '../../src/controllers/recoverytarget/known-storage.ts';
import type { StorageProbe } from '../../src/controllers/recoverytarget/probe.ts';
import { targetManifest } from './support/objects.ts';

const app = { adminName: 'alice', appName: 'app' };
const guarded = { found: [app], isAnswering: true };
const reachable: StorageProbe = {
  verdict: { reason: 'Reachable', message: '' },
  apps: [{ ...app, rootVersion: 1 }],
  complete: true,
};
const target = targetManifest();
const sixHoursMs = 21_600_000;

/** What is known of a bucket some milliseconds after a probe. */
function after(
  ms: number,
  {
    storage = reachable,
    probed = guarded,
    now = guarded,
    generation = 1,
  }: {
    readonly storage?: StorageProbe;
    readonly probed?: { readonly found: readonly object[] | undefined; readonly isAnswering: boolean };
    readonly now?: typeof probed | undefined;
    readonly generation?: number;
  } = {},
): StorageProbe | undefined {
  const known = new KnownStorage();
  known.put(target, storage, probed as typeof guarded, 0);
  const metadata = { ...target.metadata, generation };
  return known.get({ metadata }, now as typeof guarded, ms);
}

test('what a probe found of a guarded bucket holds for six hours', () => {
  expect(after(sixHoursMs - 1)).toBe(reachable);
  expect(after(sixHoursMs)).toBeUndefined();
});

test.each([
  ['the bucket gives no answer', { now: { ...guarded, isAnswering: false } }],
  ['another number of apps is listed', { now: { ...guarded, found: [app, app] } }],
  ['no apps were listed when it was probed', { probed: { ...guarded, found: undefined } }],
  [
    'no apps were ever listed',
    { probed: { ...guarded, found: undefined }, now: { ...guarded, found: undefined } },
  ],
  ['the target has changed', { generation: 2 }],
  [
    'it was not reachable',
    { storage: { ...reachable, verdict: { reason: 'SourceUnavailable', message: '' } } },
  ],
  ['the listing was cut off', { storage: { ...reachable, complete: false } }],
  ['a pinned root was missing', { storage: { ...reachable, missingPin: 'No root.' } }],
] as const)('it does not when %s', (_, change) => {
  expect(after(1, change)).toBeUndefined();
});

test('nor without a guard, nor of a target that is gone or was never probed', () => {
  const known = new KnownStorage();
  expect(known.get(target, guarded, 0)).toBeUndefined();
  known.put(target, reachable, guarded, 0);
  expect(known.get(target, undefined, 0)).toBeUndefined();
  known.forget(target.metadata);
  expect(known.get(target, guarded, 0)).toBeUndefined();
});
