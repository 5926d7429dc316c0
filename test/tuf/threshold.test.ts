import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FaultRecord } from '../../src/tuf/findings/fault.ts';
import type { FindingCode } from '../../src/tuf/findings/findings.ts';
import type { Key } from '../../src/tuf/keys/key.ts';
import { KeyRing } from '../../src/tuf/keys/keyring.ts';
import { isSigned, requireThreshold, type Signers } from '../../src/tuf/keys/threshold.ts';
import type { Envelope } from '../../src/tuf/metadata/envelope.ts';
import { parseExpires } from '../../src/tuf/metadata/expires.ts';
import { generatedCases } from '../harness/generated-cases.ts';
import { recordOf } from './fault-of.ts';
import { testKey } from './generator/keys.ts';

const MESSAGE = Buffer.from('what was signed');

/** The keys there are, by id. `a` and `a again` are one public key. */
const KEYS: ReadonlyMap<string, Key> = new Map(
  [
    ['a', 'a'],
    ['a again', 'a'],
    ['b', 'b'],
    ['c', 'c'],
    ['of an unknown type', 'd', 'ml-dsa'],
    ['of another unknown type', 'e', 'slh-dsa'],
    ['of a third unknown type', 'e', 'falcon'],
    ['of a fourth unknown type', 'e', 'xmss'],
    ['unreadable', ''],
  ].map(([keyid = '', name = '', keytype = 'ed25519']) => {
    const material = name === '' ? 'no key' : testKey(name).metadata.keyval.public;
    return [keyid, { keyid, keytype, scheme: keytype, public: material, idMatches: false }];
  }),
);
const UNLISTED = 'not among the keys';
const IDS = [...KEYS.keys(), UNLISTED];
const SIGNERS: Readonly<Record<string, string>> = { a: 'a', 'a again': 'a', b: 'b', c: 'c' };

type Sig = 'valid' | 'of another message' | 'none';

function envelopeOf(signatures: readonly (readonly [string, Sig])[]): Envelope {
  return {
    type: 'targets',
    version: 1,
    expires: parseExpires('2030-01-01T00:00:00Z'),
    signatures: signatures.map(([keyid, kind]) => ({
      keyid,
      sig:
        kind === 'none'
          ? undefined
          : testKey(SIGNERS[keyid] ?? 'd').sign(kind === 'valid' ? MESSAGE : Buffer.from('something else')),
      isHex: true,
    })),
    canonical: MESSAGE,
    sha256: '',
    size: MESSAGE.length,
  };
}

const signedBy = (...keyids: readonly string[]) => keyids.map((keyid) => [keyid, 'valid'] as const);

const signersOf = (threshold: number, keyids: readonly string[] = IDS): Signers => ({
  role: { keyids, threshold },
  keys: KEYS,
});

/** What `requireThreshold` says: undefined when the threshold is met. */
const thresholdFault = (
  signatures: readonly (readonly [string, Sig])[],
  signers: Signers,
  code?: FindingCode,
): Promise<FaultRecord | undefined> =>
  requireThreshold(envelopeOf(signatures), signers, new KeyRing(), code).then(() => undefined, recordOf);

const anySignatures = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom(...IDS),
    fc.constantFrom<Sig[]>('valid', 'valid', 'valid', 'of another message', 'none'),
  ),
  { selector: ([keyid]) => keyid },
);

test('the threshold is met by as many different keys of the role with a valid signature, and by nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      anySignatures,
      fc.subarray(IDS),
      fc.integer({ min: 1, max: 5 }),
      async (signatures, keyids, threshold) => {
        const valid = signatures
          .filter(([keyid, kind]) => kind === 'valid' && keyids.includes(keyid) && keyid in SIGNERS)
          .map(([keyid]) => keyid);
        const different = new Set(valid.map((keyid) => SIGNERS[keyid])).size;
        const unknown = signatures.filter(
          ([keyid, kind]) => kind !== 'none' && keyids.includes(keyid) && keyid.includes('unknown'),
        ).length;
        const expected =
          different >= threshold
            ? undefined
            : valid.length >= threshold
              ? 'SameKeyTwice'
              : different + unknown >= threshold
                ? 'UnsupportedKey'
                : 'ThresholdNotMet';
        const signers = signersOf(threshold, keyids);
        expect((await thresholdFault(signatures, signers))?.code).toBe(expected);
        expect(await isSigned(envelopeOf(signatures), signers, new KeyRing())).toBe(different >= threshold);
      },
    ),
    { numRuns: generatedCases(300) },
  );
});

describe('a threshold that is not met says why', () => {
  test('too few: how many of how many, under the code that the caller wants', async () => {
    const signatures = [
      ['a', 'valid'],
      ['b', 'of another message'],
    ] as const;
    expect(await thresholdFault(signatures, signersOf(2), 'RootNotSigned')).toEqual({
      code: 'RootNotSigned',
      message: '1 of the 2 signatures needed are valid',
    });
  });

  test('one key under two ids: how many ids, how many keys', async () => {
    expect(await thresholdFault(signedBy('a', 'a again'), signersOf(2))).toEqual({
      code: 'SameKeyTwice',
      message: '2 key ids signed, but they are 1 different keys; 2 are needed',
    });
  });

  test('keys of unknown types: which', async () => {
    const signatures = signedBy('a', 'of an unknown type', 'of another unknown type');
    expect(await thresholdFault(signatures, signersOf(3))).toEqual({
      code: 'UnsupportedKey',
      message:
        '1 of the 3 signatures needed could be checked; the others are of keys of type "ml-dsa" with scheme "ml-dsa", "slh-dsa" with scheme "slh-dsa"',
    });
  });

  test('keys of many unknown types: three of them', async () => {
    const unknown = IDS.filter((keyid) => keyid.includes('unknown'));
    const fault = await thresholdFault(signedBy(...unknown), signersOf(4));
    expect(fault?.message.match(/"[a-z-]+" with scheme/g)).toHaveLength(3);
  });

  test('an empty signature is the place of one that is still to come, not one that cannot be checked', async () => {
    const signatures = [
      ['a', 'valid'],
      ['of an unknown type', 'none'],
    ] as const;
    expect(await thresholdFault(signatures, signersOf(2))).toMatchObject({ code: 'ThresholdNotMet' });
  });
});

test('no signature is checked once the threshold is met', async () => {
  const checked: string[] = [];
  class CountingRing extends KeyRing {
    override verify(...args: Parameters<KeyRing['verify']>): Promise<boolean> {
      checked.push(args[2].fingerprint);
      return super.verify(...args);
    }
  }
  const ring = new CountingRing();
  const signatures = signedBy('a', 'b', 'c');
  await requireThreshold(envelopeOf(signatures), signersOf(2), ring);
  expect(checked).toHaveLength(2);
});
