/**
 * Fails when a text of this repository is not in the house style: a comment wider than the column limit, a
 * typographic apostrophe, a word that hides who does what. The formatter leaves comments alone. Run by
 * `npm run check`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import biome from '../biome.json' with { type: 'json' };
import type { Problem } from './checks/problem.ts';
import { typographicApostrophes, vagueWordsIn, wideComments } from './checks/text-style.ts';

const { lineWidth } = biome.formatter;
const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\0');
const isCode = (file: string): boolean => /\.(tsx?|mjs|lua)$/.test(file) && !file.endsWith('.generated.ts');
const isText = (file: string): boolean =>
  isCode(file) || /\.(md|ya?ml|tpl|txt|sh|go|py|css|html)$|Dockerfile$/.test(file);
/** Files that list the words themselves. */
const aboutWords = ['scripts/checks/text-style.ts', 'test/docs/text-style.test.ts'];
const problems: Problem[] = [];
let count = 0;
// A file that is deleted and not yet committed is still tracked.
for (const file of tracked.filter((path) => isText(path) && existsSync(path))) {
  const text = readFileSync(file, 'utf8');
  count += 1;
  problems.push(
    ...typographicApostrophes(file, text),
    ...(aboutWords.includes(file) ? [] : vagueWordsIn(file, text)),
    ...(isCode(file) ? wideComments(file, text, lineWidth) : []),
  );
}
for (const { file, line, what } of problems) {
  console.error(`${file}:${line}: ${what}`);
}
console.log(`text: ${count} files checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
