import { expect, test } from 'vitest';
import { typographicApostrophes, vagueWordsIn, wideComments } from '../../scripts/docs/text-style.ts';

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
