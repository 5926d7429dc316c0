import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TransientReadings } from '../../src/controllers/bootstrapstate/transient-readings.ts';
import type { Reading } from '../../src/controllers/loss-detection/reading.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';

const silent: Reading = {
  kind: 'unverifiable',
  reason: 'SourceUnavailable',
  message: 'no answer',
  targetWide: true,
};
const app = { namespace: 'apps', name: 'app' };
const well: Reading = { kind: 'consistent', state: 'Healthy' };

describe('what passes', () => {
  test('is read again within a second or a quarter of how long it has lasted, and never later than 30 s', () => {
    const outages = fc.record({
      reading: fc.constantFrom<Reading>(silent, { kind: 'busy', state: 'Locked' }),
      lastsMs: fc.integer({ min: 1, max: 600_000 }),
    });
    fc.assert(
      fc.property(outages, ({ reading, lastsMs }) => {
        const clock = new ManualClock();
        const readings = new TransientReadings(clock);
        let reads = 0;
        let passedMs = 0;
        while (passedMs < lastsMs) {
          readings.waitFor(app, reading, true);
          const againMs = readings.againIn(app);
          clock.jump(againMs);
          passedMs += againMs;
          reads += 1;
        }
        expect(passedMs - lastsMs).toBeLessThanOrEqual(Math.min(30_000, Math.max(1_000, lastsMs / 4)));
        expect(reads).toBeLessThanOrEqual(22 + lastsMs / 30_000);
      }),
    );
  });

  test('has no time of its own once something else was read', () => {
    const clock = new ManualClock();
    const readings = new TransientReadings(clock);
    readings.note(app, silent);
    clock.jump(60_000);
    readings.note(app, well);
    expect(readings.againIn(app)).toBe(Number.POSITIVE_INFINITY);
    readings.note(app, silent);
    expect(readings.againIn(app)).toBe(1_000);
  });

  test('of an app says nothing of its namesake in another namespace', () => {
    const clock = new ManualClock();
    const readings = new TransientReadings(clock);
    const namesake = { ...app, namespace: 'others' };
    const before = clock.now();
    readings.note(app, silent);
    readings.note(namesake, well);
    clock.jump(60_000);
    expect(readings.waitFor(app, silent, true)).toBe(0);
    readings.note(namesake, { kind: 'busy', state: 'Locked' });
    expect(readings.lostSince(app, before)).toEqual(before);
    readings.forget(namesake);
    expect(readings.againIn(app)).toBe(15_000);
  });

  test.each<[string, Reading, boolean]>([
    ['whole', well, true],
    ['busy', { kind: 'busy', state: 'Locked' }, true],
    ['lost', { kind: 'lost', state: 'FullLoss' }, false],
    ['silent', silent, false],
  ])('an app that was %s in between has a new loss when that is no loss itself', (_, reading, isAnew) => {
    const clock = new ManualClock();
    const readings = new TransientReadings(clock);
    const lostSince = clock.now();
    readings.note(app, { kind: 'lost', state: 'FullLoss' });
    clock.jump(60_000);
    readings.note(app, reading);
    const seen = clock.now();
    clock.jump(1_000);
    readings.note(app, { kind: 'lost', state: 'FullLoss' });
    expect(readings.lostSince(app, lostSince)).toEqual(isAnew ? seen : lostSince);
  });

  test('seen whole by a clock that was ahead, a loss need not wait until that time has come', () => {
    const clock = new ManualClock();
    const readings = new TransientReadings(clock);
    readings.note(app, well);
    clock.jump(-3_600_000);
    const lostSince = clock.now();
    readings.note(app, { kind: 'lost', state: 'FullLoss' });
    expect(readings.lostSince(app, lostSince)).toEqual(lostSince);
  });
});
