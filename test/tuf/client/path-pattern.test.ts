import { expect, test } from 'vitest';
import { matchesPathPattern } from '../../../src/tuf/client/path-pattern.ts';

test.each([
  ['*', 'a', true],
  ['*', 'a/b', false],
  ['a/*', 'a/', true],
  ['a/?', 'a/b', true],
  ['a/?', 'a/bc', false],
  ['?', '/', false],
  ['*.tgz', 'x.tgz', true],
  ['*.tgz', 'x.tgz.sig', false],
  ['*.tgz', '.tgz', true],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['', '', true],
  ['A', 'a', false],
  ['a.c', 'abc', false],
  // One character, not one UTF-16 unit.
  ['app-?', 'app-😀', true],
  ['app-??', 'app-😀', false],
  // Bracket expressions of glob(7).
  ['app-[0-9]', 'app-7', true],
  ['app-[0-9]', 'app-x', false],
  ['app-[!0-9]', 'app-x', true],
  ['app-[!0-9]', 'app-7', false],
  ['[abc-]', '-', true],
  ['[]x]', ']', true],
  ['[!]x]', ']', false],
  ['[*?]', '*', true],
  ['[*?]', 'a', false],
  ['*[0-9].tgz', 'app-1.tgz', true],
  ['[😀-😂]', '😁', true],
  // A bracket that is never closed stands for itself.
  ['[a', '[a', true],
  ['[a', 'a', false],
  ['a[b/c]d', 'abd', false],
  ['a[b/c]d', 'a[b/c]d', true],
  [`${'*a'.repeat(30)}b`, 'a'.repeat(60), false],
])('the pattern %j and the path %j: %s', (pattern, path, expected) => {
  expect(matchesPathPattern(pattern, path)).toBe(expected);
});
