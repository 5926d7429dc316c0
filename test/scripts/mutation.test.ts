import { existsSync, globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chapterOfFile, chapters, scriptTests } from '../../scripts/mutation/chapters.ts';
import { luaMutants } from '../../scripts/mutation/lua-mutants.ts';

describe.each(Object.entries(chapters))(
  'the chapter %s of the tests of the tests',
  (_name, { mutate, tests }) => {
    test('names sources and tests that are there', () => {
      expect(mutate.filter((glob) => globSync(glob.replace(/^!/, '')).length === 0)).toEqual([]);
      expect(tests.filter((file) => !existsSync(file))).toEqual([]);
    });
  },
);

test('each Lua script has tests that answer for it, and they are there', () => {
  const scripts = globSync('src/redis/scripts/*.lua').map((file) => basename(file));
  expect(Object.keys(scriptTests).toSorted()).toEqual(scripts.toSorted());
  expect(
    Object.values(scriptTests)
      .flat()
      .filter((file) => !existsSync(file)),
  ).toEqual([]);
});

test.each([
  ['  for i = 2, #KEYS do', ['  for i = 3, #KEYS do']],
  ['  if a <= b then', ['  if a > b then']],
  ['  flush() -- and so on', ['']],
  ['  seen[#seen + 1] = value', ['  seen[#seen] = value', '']],
  ['  local held = 1', []],
])('the mutants of %j are Lua programs', (line, expected) => {
  expect(luaMutants(line).map(({ after }) => after)).toEqual(expected);
});

test('a file is tried with the tests of its chapter', () => {
  const file = 'src/tuf/verify/orphans.ts';
  expect(chapterOfFile(file)).toEqual({ mutate: [file], tests: chapters['verify']?.tests });
});

test.each(['src/tuf/verify/verify.worker.ts', 'src/cli/main.ts', 'verify', 'src/tuf/verify'])(
  '%s is no file of a chapter',
  (file) => {
    expect(chapterOfFile(file)).toBeUndefined();
  },
);
