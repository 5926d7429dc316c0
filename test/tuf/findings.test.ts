import { expect, test } from 'vitest';
import { generateFindingsReference } from '../../scripts/generate/findings.ts';
import type { Severity } from '../../src/tuf/findings/finding.ts';
import { FindingList } from '../../src/tuf/findings/finding-list.ts';
import { FINDINGS, type FindingCode, type FindingKind } from '../../src/tuf/findings/findings.ts';
import type { VerifyPolicy } from '../../src/tuf/verify/verification.ts';

// The keys of the table are the codes.
const codes = Object.keys(FINDINGS) as readonly FindingCode[];
const kinds: readonly (readonly [string, FindingKind])[] = Object.entries(FINDINGS);

test.each(kinds)(
  '%s says what it means, what it protects from and what to do, in whole sentences',
  (_code, kind) => {
    for (const text of [kind.means, kind.protects, kind.act]) {
      expect(text).toMatch(/^\S.*[.]$/s);
    }
    expect(kind.spec).toMatch(/^(\d|TAP|policy: )/);
  },
);

test.each(kinds)('%s has an override exactly when a person may answer it', (_code, kind) => {
  expect(kind.override !== undefined).toBe(kind.severity === 'deny');
});

const WEIGHTS: readonly (Severity | undefined)[] = ['report', 'deny', 'wall'];

test.each(codes)(
  '%s weighs as documented, and never less in a recovery that refuses what is expired',
  (code) => {
    const weightUnder = (policy: VerifyPolicy): Severity | undefined => {
      const findings = new FindingList(policy);
      findings.add(code, { role: 'targets', detail: 'found' });
      return findings.sorted()[0]?.severity;
    };
    const { severity, strict = severity }: FindingKind = FINDINGS[code];
    expect(weightUnder({ mode: 'recovery' })).toBe(severity);
    expect(weightUnder({ mode: 'strict' })).toBe(strict);
    const heavier = WEIGHTS.indexOf(strict) > WEIGHTS.indexOf(severity) ? strict : severity;
    expect(weightUnder({ mode: 'recovery', refuseExpired: true })).toBe(heavier);
  },
);

test('the reference page explains every finding once', () => {
  const page = [...generateFindingsReference().values()].join('\n');
  for (const [code] of kinds) {
    expect(page.split(`### ${code}\n`)).toHaveLength(2);
  }
});
