import { expect, test } from 'vitest';
import { typographicApostrophes, vagueWordsIn, wideComments } from '../../scripts/checks/text-style.ts';

const words = 'word '.repeat(25).trim();

test.each([
  ['a line comment', `// ${words}`],
  ['a line of a block', `/**\n * ${words}\n */`],
  ['a block on one line', `  /** ${words} */`],
  ['a comment of Lua', `-- ${words}`],
])('%s wider than the limit is found', (_, text) => {
  expect(wideComments('a.ts', text, 110)).toHaveLength(1);
});

test('code, comments within the limit and what cannot be broken are left alone', () => {
  const address = `https://example.com/${'x'.repeat(120)}`;
  const text = [`const text = '${words}';`, '// short', ` * ${address}`, `// ${address}`].join('\n');
  expect(wideComments('a.ts', text, 110)).toEqual([]);
});

test('a typographic apostrophe is found, with its line', () => {
  const found = typographicApostrophes('a.md', "it's one\nit\u2019s another");
  expect(found).toEqual([{ file: 'a.md', line: 2, what: expect.any(String) }]);
});

test('a word that leaves open who does what is found, with what to write instead', () => {
  const found = vagueWordsIn('a.md', 'The lock is held.\nNobody has approved it, and the run goes on.');
  expect(found.map(({ line, what }) => `${line} ${what}`)).toEqual([
    expect.stringMatching(/^2 "Nobody": name/),
    expect.stringMatching(/^2 "goes on": write continues/),
  ]);
});

test.each([
  ['in a comment', '// A lock of somebody else.'],
  ['in the title of a test', "test('nobody listens', () => {"],
  ['in what a test waits for', 'await poll(`the key to be told`, read);'],
  ['as a name in code', 'const told = events.filter(isOurs);'],
  ['as a part of a name', "const goesOn = { reason: 'Running' };"],
  ['as a part of a constant', 'const SET_BY_NOBODY = 1;'],
  ['over two lines of a page', 'The name is made\nof two parts.'],
  ['over two line comments', '  // The targets are looked\n  // at again.'],
  ['over two lines of a block', '/**\n * The lock ends by\n * itself.\n */'],
  ['as a misspelling', 'The report can not be read.'],
  ['over two lines of Lua', '-- The run went\n-- on.'],
])('such a word is found %s', (_, text) => {
  expect(vagueWordsIn('a.ts', text)).toHaveLength(1);
});

test.each([
  ['the name of a user', "const key = { accessKeyId: 'nobody' };"],
  ['a name in a template', 'sign({ username: `nobody-%d` });'],
  ['a path', `bucket.source("nobody/nothing/")`],
  ['an entry of a password file', 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin'],
  ['a longer word', 'Nothing was untold, and the run undergoes one check.'],
])('%s is data', (_, text) => {
  expect(vagueWordsIn('a.ts', text)).toEqual([]);
});
