import { createHash } from 'node:crypto';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { AppRef } from './recoveries.ts';

/**
 * Names of the runs of one app form a chain: each name is computed from the app and the uid of the run before
 * it. Each shim that wants to start a run while none is active computes the same next name, so of many who
 * try, in however many shims, the API server lets one create it and tells the others `AlreadyExists`. A shim
 * whose cache is behind computes a name that is taken, reads that run, and continues from there.
 */
export function nextRunName(app: AppRef, predecessorUID: string): string {
  const { tenant, admin, appName } = app;
  const hash = digest([tenant.target, admin, appName, predecessorUID]);
  // For people: the app first. An object's name is lower-case and at most 63 characters here.
  const readable = appName.toLowerCase().slice(0, 40).replace(/-+$/, '');
  return `${readable}-${hash.slice(0, 20)}`;
}

/**
 * The uid the next name is computed from: of the newest of `runs` that has no successor among them; empty
 * when there are none.
 */
export function lastUIDOfChain(app: AppRef, runs: readonly BootstrapRecovery[]): string {
  const names = new Set(runs.map((run) => run.metadata.name));
  const ends = runs.filter((run) => !names.has(nextRunName(app, run.metadata.uid)));
  // Several ends are left when runs in the middle expired. Equal times (whole seconds) are distinguished by
  // uid, the same everywhere.
  const [newest] = ends.sort((a, b) => compare(age(b), age(a)));
  return newest?.metadata.uid ?? '';
}

/**
 * An idempotency key as a label value: of any length and alphabet, and not readable by those who can list
 * runs.
 */
export function keyLabelValue(admin: string, key: string): string {
  return digest([admin, key]).slice(0, 40);
}

function age({ metadata }: BootstrapRecovery): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.uid}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
