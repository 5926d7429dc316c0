import { expect, test } from 'vitest';
import { generateFindingsReference } from '../../scripts/generate/findings.ts';
import { FINDINGS, type FindingKind } from '../../src/tuf/findings/findings.ts';

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

test('the reference page explains every finding once', () => {
  const page = [...generateFindingsReference().values()].join('\n');
  for (const [code] of kinds) {
    expect(page.split(`### ${code}\n`)).toHaveLength(2);
  }
});
