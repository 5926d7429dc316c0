import { describe, expect, test } from 'vitest';
import { DirectorySource } from '../../src/storage/directory.ts';
import type { Finding } from '../../src/tuf/findings/finding.ts';
import type { FindingCode } from '../../src/tuf/findings/findings.ts';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { HeadVersions } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { anchorOf, type CorpusCase, corpusPath, type ExpectedHeads, loadCorpus, marksOf } from './corpus.ts';

/** What the corpus calls our findings, in its free-form codes `<kind>.<role>`. */
const KINDS: Partial<Record<FindingCode, readonly string[]>> = {
  RootNotSigned: ['sig'],
  ThresholdNotMet: ['sig'],
  NotSignedForDelegator: ['sig'],
  SameKeyTwice: ['keydup', 'sig'],
  DuplicateSignature: ['sigdup', 'json', 'parse'],
  PinnedRootInvalid: ['pin-sig'],
  RootVersionMismatch: ['version'],
  SnapshotVersionMismatch: ['version'],
  RoleVersionMismatch: ['version'],
  SnapshotLengthMismatch: ['hash'],
  SnapshotHashMismatch: ['hash'],
  RoleLengthMismatch: ['hash'],
  RoleHashMismatch: ['hash'],
  TimestampMissing: ['absent'],
  SnapshotMissing: ['absent'],
  RoleMissing: ['absent'],
  WrongType: ['type', 'json', 'parse'],
  FileTooLarge: ['limits'],
  LimitExceeded: ['limits'],
  MalformedJSON: ['json', 'parse'],
  DuplicateJSONKey: ['json'],
  IntegerTooLarge: ['json'],
  InvalidMetadata: ['json', 'parse'],
  InvalidThreshold: ['json', 'parse', 'pin-parse'],
};

const cases = loadCorpus();

async function run(corpusCase: CorpusCase, mode: 'strict' | 'recovery') {
  const marks = marksOf(corpusCase);
  return verify(new DirectorySource(corpusPath(corpusCase.dir)), {
    anchor: anchorOf(corpusCase),
    now: new Date(corpusCase.referenceTime),
    // The corpus judges expiry by mode alone; the age limit is a policy of ours with tests of its own.
    policy: { mode, maxExpiredAgeSeconds: Number.POSITIVE_INFINITY },
    ...(marks === undefined ? {} : { marks }),
  });
}

test('the corpus has its 243 cases', () => {
  expect(cases).toHaveLength(243);
});

describe.each(['strict', 'recovery'] as const)('policy %s', (mode) => {
  test.each(cases.map((corpusCase) => [corpusCase.id, corpusCase] as const))(
    '%s',
    async (_id, corpusCase) => {
      const expected = corpusCase.expected[mode];
      const { verdict, trusted, findings } = await run(corpusCase, mode);
      if (expected.verdict === 'accept') {
        expect(explain(findings)).toEqual([]);
      }
      if (expected.verdict === 'refuse') {
        expect(verdict).toBe('refused');
      }
      if (trusted !== undefined && expected.heads !== undefined) {
        expect(plainHeads(trusted.heads)).toEqual(sorted(expected.heads));
      }
      if (verdict === 'refused') {
        const names = [expected.code, ...(expected.alsoAcceptable ?? [])];
        const right = refusing(findings).some(
          (f) => f.check === expected.row || namesOf(f).some((n) => names.includes(n)),
        );
        expect(right, `${explain(findings)}, expected check ${expected.row} ${names}`).toBe(true);
      }
      if (trusted === undefined || expected.reports === undefined) {
        return;
      }
      const { expired, aboveHead, undelegated } = expected.reports;
      if (expired !== undefined) {
        expect(rolesWith(findings, 'RootExpired', 'MetadataExpired')).toEqual(expired);
      }
      if (aboveHead !== undefined) {
        expect(filesAbove(findings)).toEqual(aboveHead);
      }
      for (const file of undelegated ?? []) {
        expect(
          rolesWith(findings, 'UndelegatedRole').map((role) => file.endsWith(`.${role}.json`)),
        ).toContain(true);
      }
    },
  );
});

test('two runs on the same bucket give the same report, byte for byte', async () => {
  for (const id of ['joomla/orphan-targets-999-junk', 'generated/succinct-16', 'docker/expired']) {
    const corpusCase = cases.find((c) => c.id === id);
    if (corpusCase === undefined) {
      throw new Error(`the corpus lacks ${id}`);
    }
    const [first, second] = [await run(corpusCase, 'recovery'), await run(corpusCase, 'recovery')];
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
    expect([...(second.trusted?.heads.delegated ?? [])]).toEqual([...(first.trusted?.heads.delegated ?? [])]);
  }
});

function refusing(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity !== 'report');
}

function explain(findings: readonly Finding[]): readonly string[] {
  return refusing(findings).map(({ code, role, detail }) => `${code} ${role}: ${detail}`);
}

function namesOf({ code, role }: Finding): readonly string[] {
  return (KINDS[code as FindingCode] ?? []).map((kind) => `${kind}.${role}`);
}

function rolesWith(findings: readonly Finding[], ...codes: readonly string[]): readonly string[] {
  return findings.flatMap(({ code, role }) => (codes.includes(code) ? [role] : [])).sort();
}

function filesAbove(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap(({ check, code, role, version }) =>
    check === 13 || (check === 25 && code !== 'UndelegatedRole') ? [`${version}.${role}.json`] : [],
  );
}

function plainHeads(heads: HeadVersions<Version>): ExpectedHeads {
  const { root, timestamp, snapshot, targets, delegated } = heads;
  return sorted({ root, timestamp, snapshot, targets, delegated: Object.fromEntries(delegated) });
}

/** Roles in one order, and none of them the same as no delegations at all. */
function sorted({ root, timestamp, snapshot, targets, delegated = {} }: ExpectedHeads): ExpectedHeads {
  const roles = Object.entries(delegated).sort(([a], [b]) => (a < b ? -1 : 1));
  return { root, timestamp, snapshot, targets, delegated: Object.fromEntries(roles) };
}
