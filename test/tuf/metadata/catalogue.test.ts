import { describe, expect, test } from 'vitest';
import { Listing } from '../../../src/storage/listing.ts';
import type { ListedObject } from '../../../src/storage/source.ts';
import { catalogue, disguisedName, listedBytes } from '../../../src/tuf/metadata/catalogue.ts';
import { LIMITS } from '../../../src/tuf/metadata/limits.ts';

const object = (name: string, size = 10): ListedObject => ({ name, size, lastModified: new Date(0) });
const of = (...objects: readonly (string | ListedObject)[]) =>
  catalogue(Listing.of(objects.map((item) => (typeof item === 'string' ? object(item) : item))));

describe('the roots in a listing', () => {
  test('are those that a client would ask for, by number', () => {
    const names = ['10.root.json', '9.root.json', '1.root.json', '3.roots.json', '2.Root.json', 'root.json'];
    const { roots, rootBytes, disguisedRoots, objects } = of(...names, '4.a.root.json', '5.root.json.bak');
    expect(roots).toEqual([1, 9, 10]);
    expect(rootBytes).toBe(30);
    expect(disguisedRoots).toEqual([]);
    expect(objects.size).toBe(8);
  });

  test('of unknown size count as one of as many as may be listed', () => {
    const share = LIMITS.allRootsBytes / LIMITS.roots;
    const { rootBytes } = of(object('1.root.json', 7), object('2.root.json', 0), {
      ...object('3.root.json'),
      size: undefined,
    });
    expect(rootBytes).toBe(7 + 2 * share);
  });

  test('that only the server reads are kept apart, the highest first, eight at most', () => {
    const numbers = [3, 12, 1, 7, 9, 2, 11, 4, 10, 6, 8, 5];
    const { roots, rootBytes, disguisedRoots } = of(
      '1.root.json',
      ...numbers.map((n) => `0${n}.root.json`),
      '0.root.json',
      '-5.root.json',
      'x.root.json',
      '9223372036854775808.root.json',
    );
    expect(roots).toEqual([1]);
    expect(rootBytes).toBe(10);
    expect(disguisedRoots.map(({ version }) => version)).toEqual([12, 11, 10, 9, 8, 7, 6, 5]);
    expect(disguisedRoots[0]).toMatchObject({ role: 'root', object: { name: '012.root.json' } });
  });

  test('also beyond 2^53', () => {
    const { disguisedRoots } = of('9007199254740993.root.json', '+1.root.json', '9007199254740992.root.json');
    expect(disguisedRoots.map(({ version }) => version)).toEqual([
      9_007_199_254_740_993n,
      9_007_199_254_740_992n,
      1,
    ]);
  });
});

test.each<[string, unknown]>([
  ['01.a.json', { role: 'a', version: 1 }],
  ['+2.a.json', { role: 'a', version: 2 }],
  ['3.a', { role: 'a', version: 3 }],
  ['1.a.json', undefined],
  ['0.a.json', undefined],
  ['-1.a.json', undefined],
  ['a.json', undefined],
  ['README', undefined],
])('only the server takes %s for %j', (name, expected) => {
  const found = disguisedName(object(name));
  expect(found && { role: found.role, version: found.version }).toEqual(expected);
});

test.each([
  [undefined, undefined],
  [{ ...object('a'), size: undefined }, undefined],
  [object('a', 0), undefined],
  [object('a', 1), 1],
])('%j is said to have %j bytes', (listed, bytes) => {
  expect(listedBytes(listed)).toBe(bytes);
});
