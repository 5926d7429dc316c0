import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../src/tuf/findings/checks.ts';
import { FINDINGS, type FindingCode } from '../../src/tuf/findings/findings.ts';
import type { VerifyPolicy } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { MemorySource } from './generator/memory-source.ts';
import { MUTATIONS } from './generator/mutations/index.ts';
import { BASE, fileOf, type Mutation, sha256 } from './generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository } from './generator/repository.ts';

async function run(
  { options, apply, verify: differences }: Partial<Mutation>,
  policy: Partial<VerifyPolicy> = {},
) {
  const repository = new Repository({ ...BASE, ...options });
  apply?.(repository);
  const files = repository.seal();
  const first = files.get('1.root.json') ?? Buffer.alloc(0);
  return verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: sha256(first) },
    now: REFERENCE_TIME,
    ...differences?.(files),
    policy: { mode: 'recovery', ...differences?.(files).policy, ...policy },
  });
}

test('the repository that is damaged below is sound and gives no finding at all', async () => {
  const verification = await run({});
  expect(verification.findings).toEqual([]);
  expect(verification.verdict).toBe('trusted');
});

describe.each(MUTATIONS.map((mutation) => ({ check: FINDINGS[mutation.code].check, ...mutation })))(
  'check $check: when $name',
  (mutation) => {
    test(`the report is exactly ${mutation.code}`, async () => {
      const { findings, verdict, trusted } = await run(mutation);
      const expected = [mutation.code, ...(mutation.also ?? [])];
      expect(findings.map(({ code }) => code).sort()).toEqual(expected.sort());
      const finding = findings.find(({ code }) => code === mutation.code);
      expect(finding).toMatchObject({ role: mutation.role, severity: mutation.severity });
      expect(finding?.override !== undefined).toBe(mutation.severity === 'deny');
      expect(verdict).toBe(mutation.severity === 'report' ? 'trusted' : 'refused');
      expect(trusted !== undefined).toBe(verdict === 'trusted');
    });

    test('a recovery that refuses what is expired lets no more of it pass', async () => {
      const { findings, verdict } = await run(mutation, { refuseExpired: true });
      const isExpiry = mutation.code === 'RootExpired' || mutation.code === 'MetadataExpired';
      expect(verdict).toBe(mutation.severity === 'report' && !isExpiry ? 'trusted' : 'refused');
      if (isExpiry) {
        // A wall of a delegated role is a *deny*.
        const severity = expect.stringMatching(/^(wall|deny)$/);
        expect(findings[0]).toMatchObject({ code: mutation.code, severity });
      }
    });
  },
);

test('every kind of finding that a bucket at rest can give has its damage', () => {
  const covered = new Set<FindingCode>(MUTATIONS.flatMap(({ code, also = [] }) => [code, ...also]));
  const missing = Object.keys(FINDINGS).filter((code) => !covered.has(code as FindingCode));
  // Only a defect of the verifier gives it.
  expect(missing).toEqual(['ProcessingFailed']);
});

test('every check is covered', () => {
  const checks = new Set(MUTATIONS.map(({ code }) => FINDINGS[code].check));
  expect([...checks].sort((a, b) => a - b)).toEqual(CHECKS.map((_, index) => index + 1));
});

test('the sound repository is read with one listing and one read for each linked file', async () => {
  const files = new Repository(BASE).seal();
  const source = new MemorySource(files);
  await verify(source, {
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
  });
  expect(source.lists).toBe(1);
  expect(source.reads.toSorted()).toEqual([...files.keys()].sort());
});
