import { describe, expect, test } from 'vitest';
import { MAX_PER_KIND } from '../../../src/tuf/findings/finding-list.ts';
import type { Version } from '../../../src/tuf/metadata/version.ts';
import { reportStrays, straysIn } from '../../../src/tuf/verify/strays.ts';
import { verificationOf } from './verification-of.ts';

const HEADS = new Map<string, Version>([
  ['snapshot', 4],
  ['targets', 3],
  ['a', 7],
]);
const NAMED = new Set(['a', 'failed']);
/** How many are reported one by one. */
const LISTED = MAX_PER_KIND - 1;

const sorted = (names: readonly string[]) =>
  straysIn(
    names.map((name) => ({ name, size: 1, lastModified: new Date(0) })),
    HEADS,
    NAMED,
  );
const newest = (found: ReadonlyMap<string, { object: { name: string }; version: Version }>) =>
  [...found].map(([role, { object, version }]) => [role, object.name, version]);

describe('what the server would read instead of the head', () => {
  test.each<[readonly string[], string | undefined, Version | undefined]>([
    [['7.a.json'], undefined, undefined],
    [['6.a.json', '1.a.json'], undefined, undefined],
    [['8.a.json'], '8.a.json', 8],
    [['8.a.json', '10.a.json', '9.a.json'], '10.a.json', 10],
    [['07.a.json', '7.a.json'], '07.a.json', 7],
    [['+7.a.json', '6.a.json'], '+7.a.json', 7],
    [['06.a.json'], undefined, undefined],
    [['8.a.json', '9007199254740993.a.json'], '9007199254740993.a.json', 9_007_199_254_740_993n],
    [['8.A.json'], undefined, undefined],
  ])('of %j: %j', (names, name, version) => {
    expect(newest(sorted(names).higher)).toEqual(name === undefined ? [] : [['a', name, version]]);
  });
});

describe('a role without a delegation', () => {
  test('is known by its newest file', () => {
    const names = ['2.old.json', '3.old.json', '1.old.json', '1.other.json', '9.failed.json', '5.a.json'];
    const { undelegated, higher } = sorted([...names, '1.root.json', '9.timestamp.json', '5.snapshot.json']);
    expect(newest(undelegated)).toEqual([
      ['old', '3.old.json', 3],
      ['other', '1.other.json', 1],
    ]);
    expect(newest(higher)).toEqual([['snapshot', '5.snapshot.json', 5]]);
  });

  test('is counted where there are too many of them', () => {
    const names = Array.from({ length: LISTED }, (_, i) => `1.r${i}.json`);
    expect(sorted(names)).toMatchObject({ furtherFiles: 0 });
    const { undelegated, furtherFiles } = sorted([...names, '1.one.json', '1.two.json', '2.r0.json']);
    expect([undelegated.size, furtherFiles]).toEqual([LISTED, 2]);
    expect(undelegated.get('r0')?.version).toBe(2);
  });
});

describe('a name without a version', () => {
  test.each<[string, boolean]>([
    ['README', true],
    ['evil.json', true],
    ['.json', true],
    ['timestamp.json', false],
    ['root', false],
    ['targets.json', false],
    ['a', false],
    ['failed.json', false],
    ['x.y', false],
    ['0.zero.json', false],
    ['-1.below.json', false],
  ])('%s is a role to the server: %s', (name, isRole) => {
    const { unversioned, unversionedCount } = sorted([name]);
    expect([unversioned, unversionedCount]).toEqual(isRole ? [[name], 1] : [[], 0]);
  });

  test('is counted where there are too many of them', () => {
    const names = Array.from({ length: LISTED + 2 }, (_, i) => `r${i}`);
    const { unversioned, unversionedCount } = sorted(names);
    expect(unversioned).toEqual(names.slice(0, LISTED));
    expect(unversionedCount).toBe(LISTED + 2);
  });
});

describe('the report', () => {
  const reported = async (names: readonly string[]) => {
    const run = await verificationOf(new Map());
    reportStrays(run, sorted(names));
    return run.findings
      .sorted()
      .map(({ code, role, version, detail }) => [code, role, version, detail.split('. ', 1)[0]]);
  };

  test('names each', async () => {
    expect(await reported([])).toEqual([]);
    expect(await reported(['3.old.json', 'README'])).toEqual([
      ['UnversionedName', 'README', undefined, 'the server takes "README" for a role without settings'],
      ['UndelegatedRole', 'old', 3, '"3.old.json" is the newest file of a role that no role delegates to'],
    ]);
  });

  test('and how many more there are', async () => {
    const many = (text: (i: number) => string, count: number) =>
      Array.from({ length: count }, (_, i) => text(i));
    // Names before and after that of the finding which counts, in the order of the report.
    for (const letter of ['n', 'z']) {
      const roles = many((i) => `1.${letter}${i}.json`, LISTED + 2);
      const names = many((i) => `${letter}${i}`, LISTED + 3);
      const details = (await reported([...roles, ...names])).map(
        ([, role, , detail]) => `${role}: ${detail}`,
      );
      expect(details).toHaveLength(2 * MAX_PER_KIND);
      expect(details).toContain('targets: 2 more files belong to further roles that no role delegates to');
      expect(details).toContain('targets: the server takes 3 more objects for roles without settings');
    }
    expect(await reported(many((i) => `n${i}`, LISTED))).toHaveLength(LISTED);
  });
});
