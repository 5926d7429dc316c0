import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  checkBytes,
  checkVersion,
  parseLink,
  ROLE_LINK,
  SNAPSHOT_LINK,
} from '../../../src/tuf/metadata/link.ts';

const bytes = Buffer.from('the file');
const digest = (algorithm: string) => createHash(algorithm).update(bytes).digest('hex');
const sha256 = digest('sha256');

describe('a file is held against what its parent says', () => {
  const check = (length: number | undefined, hashes: Readonly<Record<string, string>>) =>
    checkBytes(bytes, { length, hashes: new Map(Object.entries(hashes)) }, ROLE_LINK);

  test.each(['sha224', 'sha256', 'sha384', 'sha512'])('%s', (algorithm) => {
    const right = digest(algorithm);
    expect(check(undefined, { [algorithm]: right })).toBe(algorithm === 'sha256' ? right : undefined);
    const wrong = { [algorithm]: `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}` };
    expect(() => check(undefined, wrong)).toThrow(expect.objectContaining({ code: 'RoleHashMismatch' }));
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['one of two digests is wrong', { sha512: digest('sha512'), sha256: digest('sha512') }],
    ['the other of two digests is wrong', { sha512: sha256, sha256 }],
    ['a digest is in capitals', { sha256: sha256.toUpperCase() }],
    ['an algorithm is unknown', { sha256, blake2b512: digest('blake2b512') }],
    ['an algorithm is broken', { sha1: digest('sha1') }],
  ])('%s', (_, hashes) => {
    expect(() => check(bytes.length, hashes)).toThrow(expect.objectContaining({ code: 'RoleHashMismatch' }));
  });

  test.each([-1, 1])('the length is off by %i', (off) => {
    expect(() => check(bytes.length + off, { sha256 })).toThrow(
      expect.objectContaining({ code: 'RoleLengthMismatch' }),
    );
  });

  test('without length and digest nothing is checked', () => {
    expect(check(undefined, {})).toBeUndefined();
    expect(check(bytes.length, {})).toBeUndefined();
  });

  test.each([2, 4])('version %i is not the version named', (version) => {
    const link = { version: 3, length: undefined, hashes: new Map() };
    expect(() => checkVersion(3, link, SNAPSHOT_LINK)).not.toThrow();
    expect(() => checkVersion(version, link, SNAPSHOT_LINK)).toThrow(
      expect.objectContaining({ code: 'SnapshotVersionMismatch' }),
    );
  });
});

describe('a link is read', () => {
  test('with what it holds', () => {
    expect(parseLink({ version: 1 }, 'x')).toEqual({ version: 1, length: undefined, hashes: new Map() });
    expect(parseLink({ version: 2, length: 0, hashes: { sha256 } }, 'x')).toEqual({
      version: 2,
      length: 0,
      hashes: new Map([['sha256', sha256]]),
    });
  });

  const digests = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`sha${i}`, sha256]));

  test.each<[string, unknown, string]>([
    ['no object', [], 'InvalidMetadata'],
    ['no version', {}, 'InvalidMetadata'],
    ['version 0', { version: 0 }, 'InvalidMetadata'],
    ['half a version', { version: 1.5 }, 'InvalidMetadata'],
    ['a negative length', { version: 1, length: -1 }, 'InvalidMetadata'],
    ['a length that is a text', { version: 1, length: '8' }, 'InvalidMetadata'],
    ['no digest at all', { version: 1, hashes: {} }, 'InvalidMetadata'],
    ['digests that are null', { version: 1, hashes: null }, 'InvalidMetadata'],
    ['a digest that is a number', { version: 1, hashes: { sha256: 1 } }, 'InvalidMetadata'],
    ['nine digests', { version: 1, hashes: digests(9) }, 'LimitExceeded'],
    ['a digest of 257 characters', { version: 1, hashes: { x: 'a'.repeat(257) } }, 'LimitExceeded'],
    ['an algorithm of 257 characters', { version: 1, hashes: { ['a'.repeat(257)]: 'a' } }, 'LimitExceeded'],
  ])('but not %s', (_, value, code) => {
    expect(() => parseLink(value, 'x')).toThrow(expect.objectContaining({ code }));
  });

  test('up to its limits', () => {
    const longest = 'a'.repeat(256);
    expect(parseLink({ version: 1, hashes: { [longest]: longest } }, 'x').hashes.get(longest)).toBe(longest);
    expect(parseLink({ version: 1, hashes: digests(8) }, 'x').hashes.size).toBe(8);
  });
});
