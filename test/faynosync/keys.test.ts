import { describe, expect, test } from 'vitest';
import { ceremonyKeys } from '../../src/faynosync/keys.ts';
import { upperCase } from '../../src/faynosync/upper-case.ts';

describe('a ceremony lies under the name that Go upper-cases', () => {
  // What strings.ToUpper of Go 1.26 answers.
  test.each([
    ['Beta-Channel', 'BETA-CHANNEL'],
    ['straße', 'STRAßE'],
    ['ﬁnal', 'ﬁNAL'],
    ['ŉ', 'ŉ'],
    ['ǰ', 'ǰ'],
    ['ı', 'I'],
    ['ſ', 'S'],
    ['ǆ', 'Ǆ'],
    ['ᾳ', 'ᾼ'],
    ['ᾀ', 'ᾈ'],
    ['ᾧ', 'ᾯ'],
    ['ῳ', 'ῼ'],
    ['ΐ', 'ΐ'],
    ['𐐨', '𐐀'],
    ['ა', 'Ა'],
  ])('%s: %s', (name, upper) => {
    expect(upperCase(name)).toBe(upper);
    expect([...ceremonyKeys({ adminName: 'alice', appName: 'tuf' }, [name])]).toContain(
      `${upper}_SIGNING_alice_tuf`,
    );
  });
});
