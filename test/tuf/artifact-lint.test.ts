import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemberWalk, stringAt } from '../../src/tuf/json/member-walk.ts';
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
      for (const member = new MemberWalk(json, start); member.next(); ) {
        walked.push([
          stringAt(json, member.key),
          JSON.parse(json.toString('utf8', member.value, member.end)),
        ]);
      }
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
        for (const member = new MemberWalk(json, 0); member.next(); ) {
          steps++;
        }
        expect(steps).toBeLessThanOrEqual(json.length);
      },
    ),
  );
});
