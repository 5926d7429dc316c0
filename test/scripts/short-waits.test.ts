import { expect, test } from 'vitest';
import { shortWaits } from '../../scripts/checks/short-waits.ts';

const patience = { testMs: 600_000, waitMs: 300_000 };

test.each([
  ['after a test', "test('a', () => {\n  wait();\n}, 60_000);", 3],
  ['on a line of its own', "test.each(a)(\n  'a',\n  () => {\n  },\n  180_000,\n);", 4],
  ['among options', "test('a', { timeout: 300_000 }, () => {});", 1],
  ['of a poll', '\nexpect.poll(read, { interval: 5, timeout: 60_000 })', 2],
  ['of a command', "kubectl('wait', '--timeout=60s')", 1],
])('a limit %s that is shorter than what every test has is found, with its line', (_, text, line) => {
  expect(shortWaits('a.test.ts', text, patience)).toEqual([
    { file: 'a.test.ts', line, what: expect.stringContaining('too short for a slow machine') },
  ]);
});

test('longer limits are left alone, and so is what is no limit', () => {
  const text = [
    '}, 900_000);',
    '}, 10);',
    '{ timeout: 900_000 }',
    "'--timeout=300s'",
    "'--timeout=0s'",
    '{ appName, timeout: 7 }',
    '{ ...quick, timeoutMs: 60_000 }',
  ].join('\n');
  expect(shortWaits('a.test.ts', text, patience)).toEqual([]);
});
