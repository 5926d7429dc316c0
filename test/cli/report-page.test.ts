import { expect, test } from 'vitest';
import { reportPage } from '../../src/cli/kubectl/run-report/report-page.ts';
import { conditions, runManifest } from '../controllers/support/objects.ts';

const now = new Date('2026-11-23T10:00:00Z');
const ATTACK = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>&`;

function page(report: object): string {
  const run = runManifest({
    status: {
      conditions: conditions('Recovered'),
      startTime: '2026-11-23T09:59:57Z',
      completionTime: '2026-11-23T10:00:00Z',
    },
  });
  return reportPage(run, JSON.stringify(report), now);
}

const report = {
  plan: {
    digest: `sha256:${'ab'.repeat(32)}`,
    actions: [{ kind: 'Create', key: 'A_alice_tuf', after: '30', source: 'Inferred', confidence: 'high' }],
    omittedActions: 3,
  },
  heads: { root: 2, timestamp: 7, snapshot: 7, targets: 3, delegated: [['default', 1]] },
  expires: { root: '2027-01-01T00:00:00Z' },
  steps: [
    { step: 'Trust', milliseconds: 40 },
    { step: 'Apply', milliseconds: 10 },
  ],
  findings: [{ severity: 'report', code: 'MetadataExpired', role: 'timestamp', detail: 'It has expired.' }],
};

test('the page holds result, steps, plan, metadata and findings', () => {
  const text = page(report);
  for (const part of [
    'Recovered',
    '3 seconds',
    'Trust',
    '40 ms',
    'A_alice_tuf',
    '… and 3 more',
    'MetadataExpired',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).toContain('<td>2027-01-01T00:00:00Z</td>');
  expect(text).toMatch(/width: 100%.*width: 25%/s);
});

test('the page loads nothing and runs nothing', () => {
  const text = page(report);
  expect(text).toContain("default-src 'none'");
  expect(text).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import|https?:\/\//);
});

test('whatever a bucket or Redis holds is text on the page', () => {
  const hostile = {
    plan: {
      ...report.plan,
      actions: [{ kind: ATTACK, key: ATTACK, after: ATTACK, source: ATTACK, confidence: ATTACK }],
    },
    heads: report.heads,
    expires: { root: ATTACK },
    steps: [{ step: ATTACK, milliseconds: 1 }],
    findings: [{ severity: ATTACK, code: ATTACK, role: ATTACK, detail: ATTACK }],
  };
  const text = page(hostile);
  expect(text).not.toContain('<script');
  expect(text).not.toContain('<img');
  expect(text).toContain('&#60;script&#62;');
});

test.each([['{'], ['[]'], ['"x"'], ['{"steps": 7, "findings": null, "plan": {"actions": "x"}}']])(
  'a malformed report leaves the rest of the page: %s',
  (json) => {
    const text = reportPage(runManifest({ status: { conditions: conditions('Recovered') } }), json, now);
    expect(text).toContain('Recovered');
    expect(text).toContain('</html>');
  },
);
