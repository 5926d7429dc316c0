import { expect, test } from 'vitest';
import type { RunStep } from '../../src/api/run-steps.ts';
import { StepTimes } from '../../src/recovery/step-times.ts';

/** Enters the steps at these times, in milliseconds; the last pair only ends the one before. */
function measured(...entered: readonly (readonly [RunStep, at: number])[]) {
  let at = 0;
  const clock = { now: () => new Date(at), monotonic: () => at, after: () => () => undefined };
  const times = new StepTimes(clock);
  const [last, ...earlier] = [...entered].reverse();
  for (const [step, time] of earlier.reverse()) {
    at = time;
    times.begin(step);
  }
  at = last?.[1] ?? 0;
  return times.end();
}

test('each step lasts until the next one begins', () => {
  expect(measured(['Trust', 10], ['Observe', 40], ['Record', 45])).toEqual([
    { step: 'Trust', startTime: new Date(10), milliseconds: 30, times: 1 },
    { step: 'Observe', startTime: new Date(40), milliseconds: 5, times: 1 },
  ]);
});

test('what is repeated adds up, in the order of the ten steps', () => {
  const times = measured(['Plan', 0], ['Decide', 2], ['Observe', 3], ['Plan', 10], ['Record', 15]);
  expect(times.map(({ step, milliseconds, times: count }) => [step, milliseconds, count])).toEqual([
    ['Observe', 7, 1],
    ['Plan', 7, 2],
    ['Decide', 1, 1],
  ]);
});

test('progress within a step does not enter it again', () => {
  expect(measured(['Trust', 0], ['Trust', 5], ['Observe', 9])).toMatchObject([{ milliseconds: 9, times: 1 }]);
});
