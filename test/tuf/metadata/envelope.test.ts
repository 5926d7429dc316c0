import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openFile, withoutSignedBytes } from '../../../src/tuf/metadata/envelope.ts';
import { LIMITS } from '../../../src/tuf/metadata/limits.ts';
import { binOf, parseSuccinctRoles } from '../../../src/tuf/metadata/succinct.ts';
import { nextVersion } from '../../../src/tuf/metadata/version.ts';
import { faultOf } from '../fault-of.ts';

const FIELDS = { _type: 'targets', spec_version: '1.0.31', version: 3, expires: '2031-01-01T00:00:00Z' };

/** A file whose signed part has these members; undefined leaves one out. */
const fileOf = (changes: object, signatures: unknown = []): Buffer =>
  Buffer.from(JSON.stringify({ signatures, signed: { ...FIELDS, ...changes } }));
const open = (changes: object, signatures?: unknown) =>
  openFile(fileOf(changes, signatures), 'targets', 'last-wins');

describe('a file is opened', () => {
  test('with what every type has, its digest, its size and the bytes that are signed', () => {
    const bytes = fileOf({ targets: {} });
    const { envelope } = openFile(bytes, 'targets', 'unambiguous');
    expect(envelope).toMatchObject({
      type: 'targets',
      version: 3,
      expires: { text: FIELDS.expires },
      signatures: [],
      sha256: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
    });
    expect(envelope.canonical.toString()).toBe(
      '{"_type":"targets","expires":"2031-01-01T00:00:00Z","spec_version":"1.0.31","targets":{},"version":3}',
    );
    expect(openFile(bytes, 'targets', 'unambiguous', 'known').envelope.sha256).toBe('known');
  });

  test('and its members are parsed when they are asked for', () => {
    const file = open({ targets: { a: [1] }, text: 'x' });
    expect(file.member('targets')).toEqual({ a: [1] });
    expect(file.member('absent')).toBeUndefined();
    expect([file.isObject('targets'), file.isObject('text'), file.isObject('absent')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(file.bytesOf('targets')?.toString()).toBe('{"a":[1]}');
    expect(file.bytesOf('absent')).toBeUndefined();
    const { start = 0, end = 0, nodes } = file.spanOf('targets') ?? {};
    expect([end - start, nodes]).toEqual([9, 3]);
    expect(file.spanOf('absent')).toBeUndefined();
  });

  test('and its large integers are exact where they are read as clients read them', () => {
    const text = fileOf({ targets: 0, version: 0 })
      .toString()
      .replace('"targets":0', '"targets":[9007199254740993,-9007199254740993,7]')
      .replace('"version":0', '"version":9007199254740993');
    const file = openFile(Buffer.from(text), 'targets', 'last-wins');
    expect(file.envelope.version).toBe(9007199254740993n);
    expect(file.member('targets')).toEqual([9007199254740993n, -9007199254740993n, 7]);
    expect(file.ambiguities.map(({ code }) => code)).toContain('IntegerTooLarge');
    expect(faultOf(() => openFile(Buffer.from(text), 'targets', 'unambiguous'))?.code).toBe(
      'IntegerTooLarge',
    );
  });

  test('and loses the signed bytes, and nothing else, once they are not needed', () => {
    const { envelope } = open({ targets: 'y'.repeat(2 * 1024 * 1024) });
    const { canonical, ...others } = envelope;
    expect(withoutSignedBytes(envelope)).toEqual({ ...others, canonical: Buffer.alloc(0) });
    expect(canonical.length).toBe(0);
  });

  test('unless a field that is one text is larger than any is', () => {
    const { nodes, bytes } = LIMITS.plainField;
    const codeOf = (_type: unknown) => faultOf(() => open({ _type }))?.code;
    expect(codeOf('y'.repeat(bytes - 2))).toBe('WrongType');
    expect(codeOf('y'.repeat(bytes - 1))).toBe('LimitExceeded');
    // The list itself is a value, too; two bytes each.
    const list = Array(bytes / 2 - 1).fill(1);
    expect(nodes).toBeGreaterThan(list.length);
    expect(codeOf(list)).toBe('WrongType');
  });
});

describe('what a file must say of itself', () => {
  test.each<[object, string, string]>([
    [{ _type: 'snapshot' }, 'WrongType', 'not "snapshot"'],
    [{ _type: undefined }, 'WrongType', 'not absent'],
    [{ _type: 7 }, 'WrongType', 'not 7'],
    [{ _type: 'Targets' }, 'WrongType', 'not "Targets"'],
    [{ _type: 'targets', spec_version: undefined }, 'UnsupportedSpecVersion', 'TUF before 1.0'],
    [{ _type: 'Targets', spec_version: undefined }, 'UnsupportedSpecVersion', 'Docker Notary'],
    [{ _type: 'Snapshot', spec_version: undefined }, 'WrongType', 'not "Snapshot"'],
    [{ spec_version: '0.9' }, 'UnsupportedSpecVersion', 'TUF before 1.0'],
    [{ version: 0 }, 'InvalidMetadata', 'signed.version'],
    [{ version: '1' }, 'InvalidMetadata', 'signed.version'],
    [{ expires: undefined }, 'InvalidExpires', 'not absent'],
  ])('%j: %s', (changes, code, part) => {
    expect(faultOf(() => open(changes))).toEqual({ code, message: expect.stringContaining(part) });
  });

  test.each(['1.0', '1.0.0', '1.2.3', '1.9999.9999'])(
    'version %s of the specification is read',
    (version) => {
      expect(faultOf(() => open({ spec_version: version }))).toBeUndefined();
    },
  );

  test.each([
    '1',
    '1.',
    '2.0.0',
    '1.0.0.0',
    '1.10000',
    '1.0.10000',
    '11.0',
    ' 1.0',
    '1.0 ',
    '1.0.',
    'v1.0',
    1,
  ])('version %j is not, and is not said to be from before 1.0', (version) => {
    const fault = faultOf(() => open({ spec_version: version }));
    expect(fault?.code).toBe('UnsupportedSpecVersion');
    expect(fault?.message).not.toContain('before 1.0');
  });

  test('without a signed part it is no metadata', () => {
    const read = () => openFile(Buffer.from('{"signatures":[]}'), 'targets', 'last-wins');
    expect(faultOf(read)).toEqual({
      code: 'InvalidMetadata',
      message: expect.stringContaining('signed must'),
    });
  });
});

describe('signatures', () => {
  test.each<[string, string | undefined, boolean]>([
    ['ab01', 'ab01', true],
    ['AB01', 'ab01', true],
    ['', undefined, true],
    ['abc', undefined, false],
    ['zz', undefined, false],
    ['abzz', undefined, false],
    ['ab ', undefined, false],
  ])('%j is read as %j, hex: %j', (sig, bytes, isHex) => {
    const [signature] = open({}, [{ keyid: 'a', sig }]).envelope.signatures;
    expect(signature?.sig && Buffer.from(signature.sig).toString('hex')).toBe(bytes);
    expect(signature).toMatchObject({ keyid: 'a', isHex });
  });

  test.each<[unknown, string, string]>([
    [{}, 'InvalidMetadata', 'signatures must'],
    [undefined, 'InvalidMetadata', 'signatures must'],
    [['x'], 'InvalidMetadata', 'signatures[0] must'],
    [[{ sig: 'ab' }], 'InvalidMetadata', 'signatures[0].keyid'],
    [[{ keyid: 'a', sig: 'ab' }, { keyid: 'b' }], 'InvalidMetadata', 'signatures[1].sig'],
    [
      [
        { keyid: 'a', sig: 'ab' },
        { keyid: 'b', sig: 'ab' },
        { keyid: 'a', sig: '' },
      ],
      'DuplicateSignature',
      '"a" signs twice',
    ],
  ])('%j are refused: %s', (signatures, code, part) => {
    const text = JSON.stringify({ signatures, signed: FIELDS });
    const read = () => openFile(Buffer.from(text), 'targets', 'last-wins');
    expect(faultOf(read)).toEqual({ code, message: expect.stringContaining(part) });
  });

  test('take no more than a mebibyte', () => {
    const all = (more: number) => {
      const signatures = [{ keyid: 'a', sig: 'ab', x: '' }];
      const size = JSON.stringify(signatures).length;
      return [{ keyid: 'a', sig: 'ab', x: 'y'.repeat(LIMITS.signaturesBytes - size + more) }];
    };
    expect(faultOf(() => open({}, all(0)))).toBeUndefined();
    expect(faultOf(() => open({}, all(1)))?.code).toBe('LimitExceeded');
  });
});

describe('bins', () => {
  const rolesOf = (bit_length: number) =>
    parseSuccinctRoles({ keyids: ['a'], threshold: 1, bit_length, name_prefix: 'bin' }, 'delegations');

  test.each([
    [1, ['bin-0', 'bin-1']],
    [4, ['bin-0', 'bin-f']],
    [5, ['bin-00', 'bin-1f']],
    [8, ['bin-00', 'bin-ff']],
    [9, ['bin-000', 'bin-1ff']],
  ])('of %i bits are named from %j', (bits, ends) => {
    const { bins } = rolesOf(bits);
    expect(bins).toHaveLength(2 ** bits);
    expect([bins[0]?.name, bins.at(-1)?.name]).toEqual(ends);
    expect(bins[1]).toMatchObject({ keyids: ['a'], threshold: 1, terminating: true, roundTrips: true });
  });

  test('take a target by the first bits of the digest of its path', () => {
    const digest = createHash('sha256').update('a/b').digest();
    const bits = [...digest.subarray(0, 4)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
    for (const length of [1, 7, 16]) {
      const roles = rolesOf(length);
      expect(binOf(roles, 'a/b')).toBe(roles.bins[Number.parseInt(bits.slice(0, length), 2)]?.name);
    }
  });
});

test.each<[number | bigint, number | bigint]>([
  [1, 2],
  [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
  [Number.MAX_SAFE_INTEGER, 9007199254740992n],
  [9007199254740992n, 9007199254740993n],
])('the version after %s is %s', (version, next) => {
  expect(nextVersion(version)).toBe(next);
});
