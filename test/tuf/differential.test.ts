import { canonicalize } from '@tufjs/canonical-json';
import { describe, expect, test } from 'vitest';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { Verification, VerifyPolicy } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { generatedCases } from '../harness/generated-cases.ts';
import { arbitraryOptions, damage } from './generator/arbitrary.ts';
import { MemorySource } from './generator/memory-source.ts';
import { fileOf } from './generator/mutations/mutation.ts';
import { SeededRandom } from './generator/random.ts';
import { REFERENCE_TIME, Repository } from './generator/repository.ts';
import { oracleVerdict, pinOf } from './models-oracle.ts';

/** Any number reproduces the run that printed it. */
const SEED = process.env['TUF_TEST_SEED'] ?? String(Date.now());
const REPOSITORIES = generatedCases(2000);

function ours(
  files: ReadonlyMap<string, Buffer>,
  mode: VerifyPolicy['mode'] = 'strict',
): Promise<Verification<Version>> {
  return verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: pinOf(files) },
    now: REFERENCE_TIME,
    policy: { mode },
  });
}

function headsOf({ trusted }: Verification<Version>): unknown {
  if (trusted === undefined) {
    return undefined;
  }
  const { root, timestamp, snapshot, targets, delegated } = trusted.heads;
  return [
    ['root', root],
    ['timestamp', timestamp],
    ['snapshot', snapshot],
    ['targets', targets],
    ...[...delegated].sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
}

test(`${REPOSITORIES} generated repositories get the verdict and heads of @tufjs/models (seed ${SEED})`, async () => {
  let accepted = 0;
  for (let i = 0; i < REPOSITORIES; i++) {
    const random = new SeededRandom(`${SEED}/${i}`);
    // Signatures other than ed25519 are slow to make; one repository in twenty has them.
    const repository = new Repository(arbitraryOptions(random, i % 20 === 0));
    const what = random.integer(3) === 0 ? 'nothing' : damage(random, repository);
    const files = repository.seal();
    const expected = oracleVerdict(files, REFERENCE_TIME);
    const found = await ours(files);
    const context = `TUF_TEST_SEED=${SEED}, repository ${i}, ${what}: ${JSON.stringify(expected)} ${found.findings[0]?.detail}`;
    expect(found.verdict === 'trusted', context).toBe(expected.accepted);
    if (expected.accepted) {
      accepted++;
      expect(headsOf(found), context).toEqual(expected.heads);
    }
  }
  // Neither side may win by refusing or accepting everything.
  expect(accepted).toBeGreaterThan(REPOSITORIES / 4);
  expect(accepted).toBeLessThan(REPOSITORIES);
});

test('canonical bytes of every generated file are those of @tufjs/canonical-json', () => {
  for (let i = 0; i < generatedCases(300); i++) {
    const random = new SeededRandom(`${SEED}/canonical/${i}`);
    for (const bytes of new Repository(arbitraryOptions(random, false)).seal().values()) {
      const { signed } = JSON.parse(bytes.toString());
      const { envelope } = openFile(bytes, signed._type, 'unambiguous');
      expect(envelope.canonical.toString()).toBe(canonicalize(signed));
    }
  }
});

describe('where @tufjs/models is wrong or stricter, and this verifier is not', () => {
  const oracle = (files: ReadonlyMap<string, Buffer>) => oracleVerdict(files, REFERENCE_TIME).accepted;

  async function verdicts(
    change: (repository: Repository) => void,
    options = {},
  ): Promise<[boolean, boolean]> {
    const repository = new Repository({
      delegations: [{ name: 'a', keys: ['one', 'two'], threshold: 2 }],
      ...options,
    });
    change(repository);
    const files = repository.seal();
    return [(await ours(files, 'recovery')).verdict === 'trusted', oracle(files)];
  }

  test('it counts one public key under two key ids twice', async () => {
    const result = await verdicts((repository) => {
      const key = repository.key('one');
      const second = { ...key, keyid: 'second', metadata: key.metadata };
      const { keys } = repository.targets.signed['delegations'] as { keys: Record<string, unknown> };
      keys['second'] = key.metadata;
      repository.delegation('targets', 'a')['keyids'] = [key.keyid, 'second'];
      repository.file('a').signers = [key, second];
    });
    expect(result).toEqual([false, true]);
  });

  test('it does not see duplicate keys', async () => {
    const result = await verdicts((repository) => {
      repository.fileEdits.push((files) => {
        const text = fileOf(files, 'timestamp.json').toString();
        files.set('timestamp.json', Buffer.from(text.replace('"signed": {', '"signed": {"version": 77,')));
      });
    });
    expect(result).toEqual([false, true]);
  });

  test('it rounds integers beyond 2^53', async () => {
    const files = new Repository({}).seal();
    const text = fileOf(files, 'timestamp.json').toString();
    files.set('timestamp.json', Buffer.from(text.replace('{', '{"x": 9007199254740993,')));
    expect([(await ours(files, 'recovery')).verdict, oracle(files)]).toEqual(['refused', true]);
  });

  test('it takes 1.0 and 1e0 for integers', async () => {
    for (const spelling of ['1.0', '1e0']) {
      const files = new Repository({}).seal();
      const text = fileOf(files, 'timestamp.json').toString();
      files.set(
        'timestamp.json',
        Buffer.from(text.replace(/"version": 1\b(?=[\s,}]*$)/m, `"version": ${spelling}`)),
      );
      expect(fileOf(files, 'timestamp.json').toString()).toContain(spelling);
      expect([(await ours(files)).verdict, oracle(files)]).toEqual(['refused', true]);
    }
  });

  test('it orders keys by UTF-16 unit and refuses what Go and Python sign', () => {
    // Signed here by code point order, as the specification's other implementations do.
    const signed = '{"\uff5e":2,"\u{1f600}":1}';
    expect(canonicalize(JSON.parse(signed))).not.toBe(signed);
  });

  test('it refuses a root without consistent_snapshot, whose bytes verify', async () => {
    const result = await verdicts((repository) => delete repository.root(1).signed['consistent_snapshot']);
    expect(result).toEqual([true, false]);
  });

  test('it refuses delegated names that look like integers out of order', async () => {
    const result = await verdicts(() => {}, { delegations: [{ name: 'b' }, { name: '10' }, { name: '2' }] });
    expect(result).toEqual([true, false]);
  });

  test('it mistakes a key id named constructor for a second signature', async () => {
    const result = await verdicts((repository) => {
      repository
        .file('a')
        .signatureEdits.push((signatures) => signatures.push({ keyid: 'constructor', sig: '00' }));
    });
    expect(result).toEqual([true, false]);
  });
});
