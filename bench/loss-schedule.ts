import { type LossKind, lossKinds } from '../test/controllers/support/tenants/calm-tenant.ts';
import type { SeededRandom } from '../test/tuf/generator/random.ts';

/**
 * How often an app may lose its settings in each way within an hour. Together no more than the ten that a
 * policy repairs; a kind that used up another's share would keep that other from happening at all.
 */
export const lossesPerAppAndHour: Readonly<Record<LossKind, number>> = {
  'keys deleted': 3,
  'Redis restarted empty': 5,
  'keys deleted while S3 restarts': 2,
};

/** Losses of each kind for each tenant, when nothing disturbs it, before and again after. */
export const normalLosses: Readonly<Record<LossKind, number>> = {
  'keys deleted': 3,
  // One takes the settings of every app.
  'Redis restarted empty': 1,
  'keys deleted while S3 restarts': 3,
};

/** One loss to come. */
export interface ScheduledLoss {
  /** Milliseconds since the schedule began. */
  readonly atMs: number;
  readonly kind: LossKind;
  readonly tenant: number;
}

/** Losses of each kind for each tenant within so many minutes. */
export function lossesWithin(minutes: number): Readonly<Record<LossKind, number>> {
  const deletions = Math.max(2, Math.min(40, Math.floor(2 * minutes)));
  return {
    'keys deleted': deletions,
    'Redis restarted empty': Math.max(1, Math.min(3, Math.floor(minutes / 2))),
    'keys deleted while S3 restarts': deletions,
  };
}

/** How many apps a tenant needs so that none loses its settings more often than it may. */
export function appsFor(minutes: number): number {
  const needed = lossKinds
    .filter((kind) => kind !== 'Redis restarted empty')
    .map((kind) =>
      Math.ceil((lossesWithin(minutes)[kind] + 2 * normalLosses[kind]) / lossesPerAppAndHour[kind]),
    );
  return Math.max(...needed);
}

/**
 * The losses of all tenants in the order of time. Each kind is spread over all of the time: each of its
 * losses falls into the first half of a part of its own, so that one Redis never restarts twice within a
 * minute.
 */
export function lossSchedule(
  minutes: number,
  tenants: number,
  random: Pick<SeededRandom, 'integer'>,
): readonly ScheduledLoss[] {
  const wholeMs = minutes * 60_000;
  const counts = lossesWithin(minutes);
  const losses = Array.from({ length: tenants }, (_, tenant) =>
    lossKinds.flatMap((kind) => {
      const partMs = wholeMs / counts[kind];
      return Array.from({ length: counts[kind] }, (_, at) => ({
        atMs: at * partMs + random.integer(Math.max(1, Math.floor(partMs / 2))),
        kind,
        tenant,
      }));
    }),
  );
  return losses.flat().sort((a, b) => a.atMs - b.atMs);
}
