/**
 * Fails when a test gives a slow machine less time than vitest.config.ts gives every test. Run by
 * `npm run check`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import config from '../vitest.config.ts';
import { shortWaits } from './checks/short-waits.ts';

const { test: limits } = config({ mode: 'test', command: 'serve' });
const patience = { testMs: limits?.testTimeout ?? 0, waitMs: limits?.expect?.poll?.timeout ?? 0 };
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `test/${file}`);
const problems = files
  // It lists what is too short.
  .filter((file) => file !== 'test/scripts/short-waits.test.ts')
  .flatMap((file) => shortWaits(file, readFileSync(file, 'utf8'), patience));
for (const { file, line, what } of problems) {
  console.error(`${file}:${line}: ${what}`);
}
console.log(`tests: ${files.length} files checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
