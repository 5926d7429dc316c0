import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeSegment } from '../../src/storage/file-encoding.ts';
import { MetadataFault } from '../../src/tuf/findings/fault.ts';
import { scanFile } from '../../src/tuf/json/scanner.ts';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { HeadVersions, VerifyOptions } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { generatedCases } from '../harness/generated-cases.ts';
import { anchorOf, corpusPath, loadCorpus } from './corpus.ts';
import { MemorySource } from './generator/memory-source.ts';
import { SeededRandom } from './generator/random.ts';

/** Any number reproduces the run that printed it. */
const SEED = process.env['TUF_TEST_SEED'] ?? String(Date.now());
const RUNS = generatedCases(1500);

/** Real repositories of different writers, small enough to be verified often. */
const CASES = [
  'generated/plain',
  'generated/nested-4',
  'generated/diamond-same-key',
  'generated/succinct-16',
  'generated/unicode-role-names',
  'generated/keys-p384',
  'go-tuf-2/multirepo',
  'php-tuf/ThresholdTwo',
  'sigstore/pin-14',
  'tough/rotated-root',
];

interface Subject {
  readonly id: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly options: VerifyOptions;
  /** Roots below the pin are read, but nothing in them is believed. */
  readonly pinnedVersion: number;
}

const subjects: readonly Subject[] = loadCorpus()
  .filter(({ id }) => CASES.includes(id))
  .map((corpusCase) => {
    const directory = corpusPath(corpusCase.dir);
    return {
      id: corpusCase.id,
      pinnedVersion: corpusCase.pinnedRoot.version,
      files: new Map(
        readdirSync(directory).map((file) => [decodeSegment(file), readFileSync(`${directory}/${file}`)]),
      ),
      options: {
        anchor: anchorOf(corpusCase),
        now: new Date(corpusCase.referenceTime),
        policy: { mode: 'recovery', maxExpiredAgeSeconds: Number.POSITIVE_INFINITY },
      },
    };
  });

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u0000',
  '\\ud800',
  '0',
  '-1',
  '1e9',
  'null',
  '\u0000',
  'é',
].concat([
  '"signed":{}',
  '"signatures":[]',
  '"version":1,',
  '"__proto__":{},',
  '9007199254740993',
  '[['.repeat(40),
]);

/** Changes a file a little, in the ways that break parsers and checks. */
function mutate(random: SeededRandom, bytes: Buffer, donor: Buffer): Buffer {
  const at = random.integer(bytes.length + 1);
  const length = random.integer(40);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.integer(8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (bytes.length > 0) {
        flipped[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << random.integer(8));
      }
      return flipped;
    }
    case 1:
      return Buffer.concat([head, tail.subarray(length)]);
    case 2:
      return Buffer.concat([head, Buffer.from(random.pick(TOKENS)), tail]);
    case 3:
      return Buffer.concat([head, tail.subarray(0, length), tail]);
    case 4:
      return head;
    case 5:
      return Buffer.concat([
        head,
        donor.subarray(random.integer(donor.length + 1)).subarray(0, length),
        tail,
      ]);
    case 6:
      return Buffer.from(
        bytes.toString('latin1').replace(/\d+/, () => String(random.integer(1000))),
        'latin1',
      );
    default:
      return Buffer.concat([head, random.bytes(length), tail]);
  }
}

function textOf(heads: HeadVersions<Version> | undefined): string {
  return JSON.stringify(heads, (_key, value) => (value instanceof Map ? [...value] : value));
}

test(`${RUNS} mutated repositories: never a crash, never another state believed (seed ${SEED})`, async () => {
  expect(subjects).toHaveLength(CASES.length);
  const sound = new Map<string, string>();
  for (const { id, files, options } of subjects) {
    const { trusted } = await verify(new MemorySource(files), options);
    expect(trusted, id).toBeDefined();
    sound.set(id, textOf(trusted?.heads));
  }
  for (let run = 0; run < RUNS; run++) {
    const random = new SeededRandom(`${SEED}/${run}`);
    const { id, files, options, pinnedVersion } = random.pick(subjects);
    const names = [...files.keys()];
    const name = random.pick(names);
    const before = files.get(name) ?? Buffer.alloc(0);
    const after = mutate(random, before, files.get(random.pick(names)) ?? before);
    const mode = random.boolean() ? 'recovery' : 'strict';
    const mutated = new MemorySource(new Map([...files, [name, after]]));
    const context = `TUF_TEST_SEED=${SEED}, run ${run}, ${id}, ${name}, ${mode}`;
    const { verdict, trusted, findings } = await verify(mutated, {
      ...options,
      policy: { ...options.policy, mode },
    });
    expect(verdict === 'trusted' || findings.length > 0, context).toBe(true);
    if (trusted === undefined) {
      continue;
    }
    // Whatever was changed lies outside of what is signed, or in a file that the chain does not use.
    expect(textOf(trusted.heads), context).toBe(sound.get(id));
    const belowPin = Number(/^(\d+)\.root\.json$/.exec(name)?.[1] ?? pinnedVersion) < pinnedVersion;
    if (mutated.reads.includes(name) && !belowPin) {
      expectSameContent(name, before, after, context);
    }
  }
});

function expectSameContent(name: string, before: Buffer, after: Buffer, context: string): void {
  const [, role = 'timestamp'] = /^\d+\.(.*)\.json$/s.exec(name) ?? [];
  const type = role === 'root' || role === 'timestamp' || role === 'snapshot' ? role : 'targets';
  const signedOf = (bytes: Buffer) => openFile(bytes, type, 'last-wins').envelope.canonical.toString();
  expect(signedOf(after), context).toBe(signedOf(before));
}

test(`${RUNS * 10} mutated files: the scanner either refuses or agrees with JSON.parse (seed ${SEED})`, () => {
  const files = subjects.flatMap((subject) => [...subject.files.values()]);
  for (let run = 0; run < RUNS * 10; run++) {
    const random = new SeededRandom(`${SEED}/scan/${run}`);
    let bytes = random.pick(files);
    for (let times = 1 + random.integer(3); times > 0; times--) {
      bytes = mutate(random, bytes, random.pick(files));
    }
    try {
      const { members } = scanFile(bytes, 'unambiguous');
      const names = Object.keys(JSON.parse(bytes.toString()));
      expect([...members.keys()].sort()).toEqual(
        names.filter((name) => name === 'signatures' || name === 'signed').sort(),
      );
    } catch (error) {
      if (!(error instanceof MetadataFault)) {
        throw new Error(`TUF_TEST_SEED=${SEED}, run ${run}`, { cause: error });
      }
    }
  }
});
