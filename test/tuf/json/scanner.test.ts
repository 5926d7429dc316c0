import { canonicalize } from '@tufjs/canonical-json';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJSON } from '../../../src/tuf/json/canonical.ts';
import type { JSONAmbiguityPolicy } from '../../../src/tuf/json/scanned-file.ts';
import { scanFile } from '../../../src/tuf/json/scanner.ts';
import type { JSONShape } from '../../../src/tuf/json/shape.ts';
import { FORMATS } from '../../../src/tuf/metadata/format.ts';
import { faultOf } from '../fault-of.ts';

function scan(text: string, policy: JSONAmbiguityPolicy = 'unambiguous', shape?: JSONShape) {
  return scanFile(Buffer.from(text), policy, shape);
}

/** The canonical form of `signed` as the scanner finds it. */
function canonicalOf(signed: string, policy?: JSONAmbiguityPolicy): string {
  return scan(`{"signatures":[],"signed":${signed}}`, policy).canonical.toString();
}

const codeOf = (work: () => unknown): string => faultOf(work)?.code ?? 'none';

/**
 * Any value of canonical JSON. Keys stay below U+E000, where UTF-16 and code point order agree: above, the
 * oracle orders wrongly (see below).
 */
const key = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xd7ff }).map((c) => String.fromCharCode(c)) }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    '"',
    '\\',
    '1',
    '10',
    '2',
    'é',
    'é',
  ),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
    fc.maxSafeInteger().filter((n) => !Object.is(n, -0)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

/** Writes a value as JSON in some other way than JSON.stringify would: spaces, escapes, any order of keys. */
function scrawl(item: unknown, random: (below: number) => number): string {
  const space = () => ['', ' ', '\n', '\t', '\r\n', '  '][random(6)] ?? '';
  if (typeof item === 'string') {
    const escaped = [...item].map((c) => {
      const unit = c.codePointAt(0) ?? 0;
      if (unit < 0x20 || c === '"' || c === '\\' || random(4) === 0) {
        return [...Array(c.length).keys()]
          .map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`)
          .join('');
      }
      return c;
    });
    return `"${escaped.join('')}"`;
  }
  if (Array.isArray(item)) {
    return `[${space()}${item.map((i) => scrawl(i, random)).join(`${space()},${space()}`)}${space()}]`;
  }
  if (typeof item === 'object' && item !== null) {
    const entries = Object.entries(item).sort(() => random(3) - 1);
    const members = entries.map(([k, v]) => `${scrawl(k, random)}${space()}:${space()}${scrawl(v, random)}`);
    return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
  }
  return JSON.stringify(item);
}

describe('canonical bytes', () => {
  test('are those of the reference implementation, however the file is written', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.nat(), (signed, seed) => {
        let state = seed;
        const random = (below: number): number => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
          return (state >> 8) % below;
        };
        const object = Object.fromEntries(Object.entries(signed));
        expect(canonicalOf(scrawl(object, random))).toBe(canonicalize(object));
      }),
      { numRuns: 3000 },
    );
  });

  test('are what the encoder for small values gives', () => {
    fc.assert(
      fc.property(value, (item) => {
        const object = { item };
        expect(canonicalJSON(object)).toBe(canonicalOf(JSON.stringify(object)));
      }),
    );
  });

  test('do not change when they are scanned again', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (signed) => {
        const once = canonicalJSON(signed);
        // Canonical JSON keeps control characters raw, which JSON does not allow: those are left out here.
        fc.pre([...once].every((c) => c >= ' '));
        expect(canonicalOf(once)).toBe(once);
      }),
    );
  });

  test('order keys by code point, as Go and Python do, where UTF-16 order differs', () => {
    const signed = JSON.stringify({ '\u{1f600}': 1, '\uff5e': 2 });
    expect(canonicalOf(signed)).toBe('{"\uff5e":2,"\u{1f600}":1}');
    expect(canonicalJSON(JSON.parse(signed))).toBe('{"\uff5e":2,"\u{1f600}":1}');
    expect(canonicalize(JSON.parse(signed))).toBe('{"\u{1f600}":1,"\uff5e":2}');
  });

  test('order keys by their characters, not by how these are escaped', () => {
    expect(canonicalOf('{"a\\"":1,"a#":2,"a!":3,"a\\\\":4,"a]":5}')).toBe(
      '{"a!":3,"a\\"":1,"a#":2,"a\\\\":4,"a]":5}',
    );
  });

  test('keep names of the prototype and of array indexes as ordinary keys', () => {
    const text = '{"__proto__":{"x":1},"10":1,"2":2,"constructor":3}';
    expect(canonicalOf(text)).toBe('{"10":1,"2":2,"__proto__":{"x":1},"constructor":3}');
  });

  test('keep the largest integers', () => {
    expect(canonicalOf('{"a":9007199254740991,"b":-9007199254740991}')).toBe(
      '{"a":9007199254740991,"b":-9007199254740991}',
    );
  });
});

describe('the scanner', () => {
  test("accepts what JSON.parse accepts, except for what canonical JSON can't express", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const whole = `{"signed":${text}}`;
        const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? [];
        const integral = numbers.every((n) => /^(0|-?[1-9]\d*)$/.test(n) && Number.isSafeInteger(Number(n)));
        const wellFormed = JSON.stringify(JSON.parse(whole)).isWellFormed() && !/\\ud[89a-f]/i.test(text);
        fc.pre(wellFormed);
        expect(codeOf(() => scan(whole)) === 'none').toBe(integral);
      }),
      { numRuns: 2000 },
    );
  });

  test('never accepts what JSON.parse refuses', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    const nearly = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...'{}[]",:\\u0 1e.-\u0000\n'))
      .map(([text, at, c]) => {
        const i = at % (text.length + 1);
        return Buffer.from(`{"signed":${text.slice(0, i)}${c}${text.slice(i)}}`);
      });
    fc.assert(
      fc.property(fc.oneof(bytes, nearly), (input) => {
        if (codeOf(() => scanFile(input, 'last-wins')) !== 'none') {
          return;
        }
        expect(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(input))).not.toThrow();
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    ['{"a":1,"a":2}', 'the same key'],
    ['{"a":1,"b":2,"a":3}', 'the same key further away'],
    ['{"a":1,"\\u0061":2}', 'the same key escaped'],
    ['{"b":1,"a":2,"b":3}', 'the same key after an unordered one'],
    ['{"x":[{"q":{"k":1,"k":1}}]}', 'the same key deep inside'],
    ['{"\\ud83d\\ude00":1,"\u{1f600}":2}', 'the same key as a surrogate pair'],
  ])('refuses %s: %s', (text) => {
    expect(codeOf(() => canonicalOf(text))).toBe('DuplicateJSONKey');
  });

  test('refuses a key that stands twice outside of signed', () => {
    expect(codeOf(() => scan('{"signed":{},"x":{"k":1,"k":2}}'))).toBe('DuplicateJSONKey');
    expect(codeOf(() => scan('{"signed":{},"signed":{}}'))).toBe('DuplicateJSONKey');
    expect(codeOf(() => scan('{"signed":{},"\\u0073igned":{}}'))).toBe('DuplicateJSONKey');
  });

  test('keeps the last of equal keys under the lenient policy, and says so', () => {
    expect(canonicalOf('{"version":9,"a":0,"version":1}', 'last-wins')).toBe('{"a":0,"version":1}');
    expect(canonicalOf('{"v":1,"v":2,"v":3}', 'last-wins')).toBe('{"v":3}');
    const file = scan('{"signed":{"a":1},"signed":{"b":2,"b":12345678901234567890}}', 'last-wins');
    expect(file.canonical.toString()).toBe('{"b":12345678901234567890}');
    expect(file.ambiguities.map(({ code }) => code)).toEqual(['DuplicateJSONKey', 'IntegerTooLarge']);
    const members = scan('{"signed":{"version":1},"signed":{"expires":2}}', 'last-wins', FORMATS.root);
    expect([...members.signedMembers.keys()]).toEqual(['expires']);
  });

  test('keeps nothing of an earlier signed when the last one is no object', () => {
    const file = scan('{"signed":{"version":1},"signed":[]}', 'last-wins', FORMATS.root);
    expect(file.signedMembers.size).toBe(0);
    expect(file.canonical.toString()).toBe('');
  });

  test.each(['9007199254740992', '-9007199254740992', '123456789012345678901234567890'])(
    'refuses the integer %s',
    (n) => {
      expect(codeOf(() => canonicalOf(`{"n":${n}}`))).toBe('IntegerTooLarge');
    },
  );

  test('refuses nesting beyond 32 levels and accepts 32', () => {
    const nested = (levels: number): string => `{"signed":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(codeOf(() => scan(nested(31)))).toBe('none');
    expect(codeOf(() => scan(nested(32)))).toBe('LimitExceeded');
  });

  test('refuses more values than any metadata has', () => {
    expect(codeOf(() => scan(`{"x":[${'1,'.repeat(100_000)}1]}`))).toBe('LimitExceeded');
    expect(codeOf(() => scan(`{"x":[${'"0123456789",'.repeat(3_000_001)}1]}`))).toBe('LimitExceeded');
    expect(codeOf(() => scan(`{"x":[${'"0123456789",'.repeat(100_000)}1]}`))).toBe('none');
  });

  test('points at the members of signed, so that large ones need not be parsed', () => {
    const text = '{ "signed" : { "version" : 12 , "targets" : { "a" : 1 } } }';
    const { bytes, signedMembers } = scan(text, 'unambiguous', FORMATS.targets);
    const spans = [...signedMembers].map(([name, { start, end }]) => [
      name,
      bytes.toString('utf8', start, end),
    ]);
    expect(spans).toEqual([
      ['version', '12'],
      ['targets', '{ "a" : 1 }'],
    ]);
  });
});
