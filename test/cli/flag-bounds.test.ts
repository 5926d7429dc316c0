import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { flagBounds } from '../../src/cli/options/flag-bounds.ts';
import { parseDays, parseSeconds } from '../../src/cli/options/flag-values.ts';

interface Field {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: Field;
}

const fields: Readonly<Record<keyof typeof flagBounds, readonly [kind: string, path: string]>> = {
  expirationDays: ['bootstraprecoveries', 'overrides.expirations.targets'],
  staleAfterSeconds: ['bootstraprecoveries', 'overrides.staleAfterSeconds'],
  timeoutSeconds: ['bootstraprecoveries', 'timeoutSeconds'],
  backoffLimit: ['bootstraprecoveries', 'backoffLimit'],
  ttlSecondsAfterFinished: ['bootstraprecoveries', 'ttlSecondsAfterFinished'],
  maxExpiredAgeSeconds: ['bootstraprecoveries', 'trust.maxExpiredAge'],
  minReplicas: ['recoverytargets', 'redis.minReplicas'],
  requestsPerSecond: ['recoverytargets', 'storage.requestsPerSecond'],
  concurrency: ['recoverytargets', 'storage.concurrency'],
  version: ['recoverytargets', 'trust.minimumVersions.snapshot'],
};

function fieldAt(kind: string, path: string): Field {
  const crd = parse(readFileSync(`crds/tuf-recovery.dev_${kind}.yaml`, 'utf8'));
  const spec: Field = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  return path.split('.').reduce((field: Field, name) => field.properties?.[name] ?? {}, spec);
}

test.each(Object.entries(fields))('the flags for %s take what the CRD takes', (name, [kind, path]) => {
  const { minimum, maximum, pattern } = fieldAt(kind, path);
  const bounds = Object.entries(flagBounds).find(([each]) => each === name)?.[1];
  if (name === 'maxExpiredAgeSeconds') {
    // A string: its pattern is the bound.
    const most = '999999999d';
    expect(['1s', most].every((text) => new RegExp(pattern ?? '').test(text))).toBe(true);
    expect(parseSeconds(...flagBounds.maxExpiredAgeSeconds)(most)).toBe(bounds?.[1]);
  } else {
    expect(bounds).toEqual([minimum, maximum]);
  }
});

test('a lifetime has the same unit on both sides, and the same last value', () => {
  const pattern = new RegExp(fieldAt('bootstraprecoveries', 'overrides.expirations.root').pattern ?? '');
  const parse = parseDays(...flagBounds.expirationDays);
  for (const text of ['1d', '90d', '9999d', '36500d']) {
    expect(pattern.test(text)).toBe(true);
    expect(parse(text)).toBe(Number.parseInt(text, 10));
  }
  for (const text of ['0d', '36501d', '99999d', '90h', '-1d', 'd', '1.5d', '090d']) {
    expect(pattern.test(text)).toBe(false);
  }
  for (const text of ['0d', '36501d', '99999d', '90h', '-1d', 'd', '1.5d']) {
    expect(() => parse(text)).toThrow('from 1 to 36500');
  }
});

test.each([
  ['45', 45],
  ['45s', 45],
  ['5m', 300],
  ['2h', 7_200],
  ['30d', 2_592_000],
])('%s are %i seconds', (text, expected) => {
  expect(parseSeconds(1, 10_000_000)(text)).toBe(expected);
});
