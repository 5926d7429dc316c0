/**
 * `npm run test:future [-- --days=N] [-- vitest arguments]`: the tests 40 and then 400 days (or N) from now.
 * Every Node.js process that they start, and the S3 server, which refuses requests of another time than its
 * own, have their clock moved on. What is recorded is as old then as it is going to be; the API server and
 * Redis stay in the present, because no recorded data reaches them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { clockAhead } from '../test/harness/clock.ts';
import { locateGoPart } from './setup/locate.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;
const USAGE = 'usage: npm run test:future -- [--days=N] [vitest arguments]';

const given = process.argv.slice(2);
const asked = given.find((argument) => argument.startsWith('--days='));
const days = asked === undefined ? [40, 400] : [Number(asked.slice('--days='.length))];
if (!days.every((ahead) => Number.isInteger(ahead) && ahead > 0)) {
  console.error(USAGE);
  process.exit(64);
}
const vitest = fileURLToPath(new URL('../node_modules/.bin/vitest', import.meta.url));
for (const ahead of days) {
  console.log(`\n${ahead} days ahead: ${new Date(Date.now() + ahead * DAY_MS).toISOString()}`);
  const tests = spawn(vitest, ['run', ...given.filter((argument) => argument !== asked)], {
    env: {
      ...process.env,
      VERSITYGW: locateGoPart('versitygw-shiftable').path,
      ...clockAhead(ahead * DAY_MS),
    },
    stdio: 'inherit',
  });
  const [code] = await once(tests, 'exit');
  if (code !== 0) {
    process.exitCode = 1;
  }
}
