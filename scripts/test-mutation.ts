/**
 * `npm run test:mutation [-- CHAPTER|FILE…]`: changes the core in small ways and lists what no test noticed.
 * Chapters are those of mutation/chapters.ts, and `scripts` for the Lua scripts; without one, all. A file is
 * a source of one of them.
 * Exits with 1 when something fails, never because of survivors: a person decides whether a test is missing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, matchesGlob } from 'node:path';
import { type Chapter, chapterOfFile, chapters } from './mutation/chapters.ts';
import { root, temporaryCopies } from './mutation/sandbox.ts';
import { mutateScripts, SCRIPTS_FOLDER, type Score } from './mutation/scripts-chapter.ts';

const SCRIPTS = 'scripts';
const known = [...Object.keys(chapters), SCRIPTS];
const asked = process.argv.slice(2);
const isScript = (name: string): boolean => matchesGlob(name, `${SCRIPTS_FOLDER}/*.lua`);
const isFile = (name: string): boolean =>
  existsSync(join(root, name)) && (isScript(name) || chapterOfFile(name) !== undefined);
const unknown = asked.filter((name) => !known.includes(name) && !isFile(name));
if (unknown.length > 0) {
  console.error(
    `There is no chapter ${unknown.join(', ')} and no file of one; there are ${known.join(', ')}.`,
  );
  process.exit(64);
}

await using copies = await temporaryCopies();
const scores: Record<string, Score> = {};
for (const name of asked.length > 0 ? asked : known) {
  console.log(`\n${name}`);
  const chapter = chapters[name] ?? chapterOfFile(name);
  scores[name] =
    chapter === undefined
      ? await mutateScripts(copies.path, console.log, isScript(name) ? [basename(name)] : undefined)
      : await stryker(name, chapter);
}
console.log('\n| chapter | mutants | killed | score |\n|---|---|---|---|');
for (const [name, { killed, survived }] of Object.entries(scores)) {
  const all = killed + survived;
  console.log(`| ${name} | ${all} | ${killed} | ${Math.round((100 * killed) / all)} % |`);
}

/** What of Stryker's report is read here. */
interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

async function stryker(name: string, chapter: Chapter): Promise<Score> {
  const report = join(root, 'out/mutation', `${basename(name)}.json`);
  const config = join(copies.path, `${basename(name)}.config.json`);
  await mkdir(join(root, 'out/mutation'), { recursive: true });
  await writeFile(
    config,
    JSON.stringify({
      plugins: ['@stryker-mutator/vitest-runner'],
      testRunner: 'vitest',
      vitest: { configFile: 'scripts/mutation/vitest.config.ts', related: false },
      mutate: chapter.mutate,
      // Texts have tests of their own, and those of errors are many.
      mutator: { excludedMutations: ['StringLiteral'] },
      coverageAnalysis: 'perTest',
      ignoreStatic: true,
      concurrency: 1,
      dryRunTimeoutMinutes: 20,
      timeoutMS: 20_000,
      // A line every ten seconds: the rest comes only at the end.
      reporters: ['progress-append-only', 'clear-text', 'json'],
      clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
      jsonReporter: { fileName: report },
      tempDirName: copies.path,
      // Stryker would rewrite paths in it with an interface that TypeScript 7 no longer has; there are none.
      tsconfigFile: 'none',
    }),
  );
  const run = spawn(process.execPath, [join(root, 'node_modules/.bin/stryker'), 'run', config], {
    cwd: root,
    env: { ...process.env, MUTATION_TESTS: JSON.stringify(chapter.tests) },
    stdio: 'inherit',
  });
  const [code] = await once(run, 'exit');
  if (code !== 0) {
    throw new Error(`Stryker ended with ${code}.`);
  }
  const { files } = JSON.parse(await readFile(report, 'utf8')) as Report;
  const statuses = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status));
  const count = (...wanted: string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  return { killed: count('Killed', 'Timeout'), survived: count('Survived', 'NoCoverage') };
}
