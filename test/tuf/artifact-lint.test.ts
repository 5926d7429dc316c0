import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JSONCursor, stringAt } from '../../src/tuf/json/cursor.ts';
import { oddArtifact } from '../../src/tuf/metadata/artifact-lint.ts';

/** An artifact, and what the server would make different of it. */
const ARTIFACTS: readonly (readonly [artifact: string, oddity: string | undefined])[] = [
  ['{"length":1,"hashes":{"sha256":"ab"}}', undefined],
  ['{"length":1,"hashes":{}}', undefined],
  ['{"length":1,"hashes":{"sha256":""}}', undefined],
  ['{"length":-1,"hashes":{"sha256":"ab"}}', undefined],
  ['{ "length" : 1 ,\n"hashes":\t{ "sha256" : "ab" } }', undefined],
  ['{"length":1,"h\\u0061shes":{"sha256":"\\u0061b"}}', undefined],
  ['{"length":1,"hashes":{"sha256":"ab"},"custom":{"hashes":null,"length":"}"}}', undefined],
  ['{"length":9007199254740991,"hashes":{"sha256":"ab"}}', undefined],
  ['{"length":9007199254740992,"hashes":{"sha256":"ab"}}', 'has no length'],
  [`{"length":${'9'.repeat(400)},"hashes":{"sha256":"ab"}}`, 'has no length'],
  ['{"length":"1","hashes":{"sha256":"ab"}}', 'has no length'],
  ['{"length":null,"hashes":{"sha256":"ab"}}', 'has no length'],
  ['{"hashes":{"sha256":"ab"}}', 'has no length'],
  ['{"custom":{"length":1},"hashes":{"sha256":"ab"}}', 'has no length'],
  ['{"length":1,"hashe":{},"hashess":{},"Hashes":{}}', 'has no hashes'],
  ['{"length":1,"hashes":3,"custom":{"hashes":{}}}', 'has no hashes'],
  ['{"length":1}', 'has no hashes'],
  ['{"length":1,"hashes":null}', 'has no hashes'],
  ['{"length":1,"hashes":["ab"]}', 'has no hashes'],
  ['{"length":1,"hashes":{"sha256":"\\u0041b"}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"a\\u0062c"}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"g0"}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"AB"}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"abc"}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"ab","sha512":1}}', 'has a digest that is not lower-case hex'],
  ['{"length":1,"hashes":{"sha256":"ab"},"custom":null}', 'has custom: null'],
  ['[]', 'is no object'],
  ['"text"', 'is no object'],
  ['3', 'is no object'],
  ['null', 'is no object'],
];

test.each(ARTIFACTS)('the artifact %s: %s', (artifact, oddity) => {
  const targets = Buffer.from(`{"before":{"length":1,"hashes":{}} , "a\\"\\u00e9":${artifact} }`);
  expect(oddArtifact(targets)).toBe(oddity === undefined ? undefined : `the artifact "a\\"é" ${oddity}`);
});

/** JSON as any writer may spell it: with spaces, and with escapes where none is needed. */
function spelled(value: unknown, space: string): string {
  const text = JSON.stringify(value, null, space);
  return text.replaceAll('z', '\\u007a').replaceAll('/', '\\/');
}

test('walking an object gives the members that parsing it gives', () => {
  const stringUnit = fc.constantFrom(...'az/"\\{}[]:, \t\u0001é\u{1f600}');
  const anyObject = fc.dictionary(fc.string({ unit: stringUnit }), fc.jsonValue({ stringUnit }));
  const spaces = fc.constantFrom('', ' ', '\t', '\r\n');
  fc.assert(
    fc.property(anyObject, spaces, (object, space) => {
      const json = Buffer.from(space + spelled(object, space));
      const start = json.indexOf('{');
      const walked: [string, unknown][] = [];
      const cursor = new JSONCursor(json, start);
      cursor.enterObject();
      while (cursor.nextMember()) {
        const value = cursor.at;
        cursor.skipValue();
        const text = json.toString('utf8', value, cursor.at);
        walked.push([stringAt(json, cursor.key), JSON.parse(text)]);
      }
      expect(cursor.at).toBe(json.length);
      expect(walked.toSorted()).toEqual(Object.entries(JSON.parse(json.toString())).toSorted());
    }),
  );
});

test('a walk over bytes that are no JSON ends', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', ' ', '1', 'a'), { maxLength: 40 }),
      (parts) => {
        const json = Buffer.from(`{${parts.join('')}`);
        let steps = 0;
        const cursor = new JSONCursor(json, 0);
        cursor.enterObject();
        while (cursor.nextMember()) {
          cursor.skipValue();
          steps++;
        }
        expect(steps).toBeLessThanOrEqual(json.length);
      },
    ),
  );
});

/** What is odd about an artifact that was parsed. */
function oddityOfParsed(artifact: unknown): string | undefined {
  if (typeof artifact !== 'object' || artifact === null || Array.isArray(artifact)) {
    return 'is no object';
  }
  const { hashes, length, custom } = Object.fromEntries(Object.entries(artifact));
  if (typeof hashes !== 'object' || hashes === null || Array.isArray(hashes)) {
    return 'has no hashes';
  }
  if (!Object.values(hashes).every((digest) => /^"([0-9a-f]{2})*"$/.test(JSON.stringify(digest)))) {
    return 'has a digest that is not lower-case hex';
  }
  return !Number.isSafeInteger(length) ? 'has no length' : custom === null ? 'has custom: null' : undefined;
}

test('of many artifacts the first odd one is found, as in what JSON.parse makes of them', () => {
  const scalar = fc.constantFrom<unknown>(
    'ab',
    'AB',
    'abc',
    '',
    'z',
    7,
    -1,
    null,
    true,
    [],
    ['ab'],
    {},
    '{"',
  );
  const hashes = fc.dictionary(fc.constantFrom('sha256', 'sha512'), fc.constantFrom('ab', 'abcd', ''));
  const healthy = fc.record({ length: fc.nat(), hashes }, { requiredKeys: ['length', 'hashes'] });
  const field = fc.constantFrom('length', 'hashes', 'custom', 'Length', 'sizes', 'hash');
  const value = fc.oneof(scalar, fc.dictionary(field, scalar), hashes);
  const changed = fc.tuple(healthy, fc.dictionary(field, value)).map(([a, b]) => ({ ...a, ...b }));
  const artifact = fc.oneof({ weight: 8, arbitrary: changed }, { weight: 1, arbitrary: scalar });
  const path = fc
    .tuple(fc.constantFrom('app-', 'a/', '"', 'z'), fc.nat({ max: 99 }))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.dictionary(path, artifact), fc.constantFrom('', '\n'), (artifacts, space) => {
      const targets = Buffer.from(spelled(artifacts, space));
      const [odd] = Object.entries(artifacts).filter(([, entry]) => oddityOfParsed(entry) !== undefined);
      const expected = odd && `the artifact ${JSON.stringify(odd[0])} ${oddityOfParsed(odd[1])}`;
      expect(oddArtifact(targets)).toBe(expected);
    }),
  );
});
