import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backgroundOutput } from '../../src/observability/background-output.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

/** Short ones, longer ones than are written at once, and characters of one to four bytes. */
const lines = Array.from({ length: 400 }, (_, index) => {
  const filler = 'aé€😀'.repeat(index % 50 === 0 ? 6_000 : index % 90);
  return `${JSON.stringify({ index, filler })}\n`;
});

test('lines written in the background arrive in order and whole, also a few that no other line pushes out', async () => {
  await using directory = await temporaryDirectory('background-output');
  const file = join(directory.path, 'log');
  const output = backgroundOutput(openSync(file, 'w'));
  const log = () => readFileSync(file, 'utf8');
  output.write('the first line\n');
  await poll('the first line', () => log() === 'the first line\n');
  for (const line of lines) {
    output.write(line);
  }
  const expected = `the first line\n${lines.join('')}`;
  await poll('every line', () => log().length >= expected.length);
  expect(log() === expected).toBe(true);
});

test('a process that is about to end writes what waits before it ends', async () => {
  await using directory = await temporaryDirectory('background-output');
  const file = join(directory.path, 'log');
  const output = backgroundOutput(openSync(file, 'w'));
  output.write('why it ends: €\n');
  output.flushSync();
  expect(readFileSync(file, 'utf8')).toBe('why it ends: €\n');
});
