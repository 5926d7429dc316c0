/**
 * `npm run test:future [-- --days=N] [-- vitest arguments]`: the tests with the clock of every Node.js process they start 40 and then
 * 400 days ahead (or N). Recorded metadata ages and so do certificates and tokens: what passes here still passes next year. The
 * programs that aren't Node.js stay in the present, so what passes also gets by with a clock that is wrong by so much.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { clockAhead } from '../test/harness/clock.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const USAGE = 'usage: npm run test:future -- [--days=N] [vitest arguments]';

const given = process.argv.slice(2);
const [asked] = given.filter((argument) => argument.startsWith('--days='));
const days = asked === undefined ? [40, 400] : [Number(asked.slice('--days='.length))];
if (!days.every(Number.isInteger)) {
  console.error(USAGE);
  process.exit(64);
}
const vitest = fileURLToPath(new URL('../node_modules/.bin/vitest', import.meta.url));
for (const ahead of days) {
  console.log(`\n${ahead} days ahead: ${new Date(Date.now() + ahead * DAY_MS).toISOString()}`);
  const tests = spawn(vitest, ['run', ...given.filter((argument) => argument !== asked)], {
    env: { ...process.env, ...clockAhead(ahead * DAY_MS) },
    stdio: 'inherit',
  });
  const [code] = await once(tests, 'exit');
  if (code !== 0) {
    process.exitCode = 1;
  }
}
