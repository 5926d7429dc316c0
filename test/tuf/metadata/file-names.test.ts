import { expect, test } from 'vitest';
import { fileName, parseAsServer, parseFileName } from '../../../src/tuf/metadata/file-names.ts';

/** A name; what the specification reads in it; what the server reads in it. */
const names: readonly (readonly [
  name: string,
  bySpecification: readonly [string, number] | undefined,
  byServer: readonly [string, number | bigint | undefined] | undefined,
])[] = [
  ['1.root.json', ['root', 1], ['root', 1]],
  ['10.a b.json', ['a b', 10], ['a b', 10]],
  ['1.a.b.json', ['a.b', 1], undefined],
  ['9007199254740991.a.json', ['a', 9_007_199_254_740_991], ['a', 9_007_199_254_740_991]],
  ['9007199254740992.a.json', undefined, ['a', 9_007_199_254_740_992n]],
  ['9223372036854775807.a.json', undefined, ['a', 9_223_372_036_854_775_807n]],
  ['9223372036854775808.a.json', undefined, undefined],
  ['-9223372036854775808.a.json', undefined, ['a', -9_223_372_036_854_775_808n]],
  ['-9007199254740993.a.json', undefined, ['a', -9_007_199_254_740_993n]],
  ['-9223372036854775809.a.json', undefined, undefined],
  ['0.a.json', undefined, ['a', 0]],
  ['01.a.json', undefined, ['a', 1]],
  ['+1.a.json', undefined, ['a', 1]],
  ['-1.a.json', undefined, ['a', -1]],
  ['1e3.a.json', undefined, undefined],
  ['0x1.a.json', undefined, undefined],
  ['+.a.json', undefined, undefined],
  [' 1.a.json', undefined, undefined],
  ['.a.json', undefined, undefined],
  ['1..json', undefined, ['', 1]],
  ['1.a\nb.json', ['a\nb', 1], ['a\nb', 1]],
  ['1.root', undefined, ['root', 1]],
  ['1.root.JSON', undefined, undefined],
  ['timestamp.json', undefined, ['timestamp', undefined]],
  ['README', undefined, ['README', undefined]],
  ['.json', undefined, ['', undefined]],
  ['1.json', undefined, ['1', undefined]],
];

test.each(names)('%j', (name, bySpecification, byServer) => {
  const named = (pair: readonly [string, unknown] | undefined) => pair && { role: pair[0], version: pair[1] };
  expect(parseFileName(name)).toEqual(named(bySpecification));
  expect(parseAsServer(name)).toEqual(named(byServer));
  if (bySpecification !== undefined) {
    expect(fileName(...bySpecification)).toBe(name);
  }
});
