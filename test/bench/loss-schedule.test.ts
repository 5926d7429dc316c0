import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  appsFor,
  lossesPerAppAndHour,
  lossesWithin,
  lossSchedule,
  normalLosses,
} from '../../bench/loss-schedule.ts';
import { lossKinds } from '../controllers/support/tenants/calm-tenant.ts';
import { SeededRandom } from '../tuf/generator/random.ts';

const tenants = 2;
const anyRun = { minutes: fc.integer({ min: 1, max: 30 }), seed: fc.string() };

test('a soak of any length has every tenant lose its settings in every way', () => {
  fc.assert(
    fc.property(fc.record(anyRun), ({ minutes, seed }) => {
      const losses = lossSchedule(minutes, tenants, new SeededRandom(seed));
      for (let tenant = 0; tenant < tenants; tenant += 1) {
        for (const kind of lossKinds) {
          const own = losses.filter((loss) => loss.tenant === tenant && loss.kind === kind);
          expect(own.length).toBeGreaterThan(0);
          expect(own).toHaveLength(lossesWithin(minutes)[kind]);
        }
      }
      expect(losses.every(({ atMs }) => atMs >= 0 && atMs < minutes * 60_000)).toBe(true);
      expect(losses).toEqual(losses.toSorted((a, b) => a.atMs - b.atMs));
    }),
  );
});

test('no app loses its settings more often than its policy repairs within an hour', () => {
  const share = (kind: (typeof lossKinds)[number]) => lossesPerAppAndHour[kind];
  expect(lossKinds.reduce((sum, kind) => sum + share(kind), 0)).toBeLessThanOrEqual(10);
  fc.assert(
    fc.property(anyRun.minutes, (minutes) => {
      const apps = appsFor(minutes);
      for (const kind of lossKinds) {
        const happens = lossesWithin(minutes)[kind] + 2 * normalLosses[kind];
        // A restart takes the settings of every app, the others those of the next app in turn.
        const perApp = kind === 'Redis restarted empty' ? happens : Math.ceil(happens / apps);
        expect(perApp, kind).toBeLessThanOrEqual(share(kind));
      }
    }),
  );
});

test('one Redis restarts again after a minute at the earliest', () => {
  fc.assert(
    fc.property(fc.record(anyRun), ({ minutes, seed }) => {
      const losses = lossSchedule(minutes, tenants, new SeededRandom(seed));
      for (let tenant = 0; tenant < tenants; tenant += 1) {
        const restarts = losses.filter(
          (loss) => loss.tenant === tenant && loss.kind === 'Redis restarted empty',
        );
        const pauses = restarts.slice(1).map(({ atMs }, before) => atMs - (restarts[before]?.atMs ?? 0));
        expect(Math.min(60_000, ...pauses)).toBe(60_000);
      }
    }),
  );
});
