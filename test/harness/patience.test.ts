import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import config from '../../vitest.config.ts';

const milliseconds = (text: string): number => Number(text.replaceAll('_', ''));

/** How long a test or a poll may take, after its function or among its options, in a second and more. */
const limitsOfTests = /^\s*\},\n?\s*(\d+_\d{3}),?\n?\);|\btimeout: (\d+_\d{3}) \}/gm;
/** How long kubectl waits; with 0 it does not. */
const limitsOfCommands = /--timeout=(\d+)s/g;

test('no single wait is shorter than what a slow machine is given everywhere', () => {
  const { test: limits } = config({ mode: 'test', command: 'serve' });
  const impatient = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(`test/${file}`, 'utf8');
      return [
        ...[...text.matchAll(limitsOfTests)]
          .filter(([, after, among]) => milliseconds(after ?? among ?? '') <= (limits?.testTimeout ?? 0))
          .map(([found]) => `${file}: ${found.trim()}`),
        ...[...text.matchAll(limitsOfCommands)]
          .map(([found, seconds]) => ({ found, ms: Number(seconds) * 1_000 }))
          .filter(({ ms }) => ms > 0 && ms < (limits?.expect?.poll?.timeout ?? 0))
          .map(({ found }) => `${file}: ${found}`),
      ];
    });
  expect(impatient).toEqual([]);
});
