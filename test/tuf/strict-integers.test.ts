import { expect, test } from 'vitest';
import { verify } from '../../src/tuf/verify/verify.ts';
import { MemorySource } from './generator/memory-source.ts';
import { fileOf, sha256 } from './generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository } from './generator/repository.ts';

const LARGE = '12345678901234567890';

test.each([
  ['_type', 'WrongType'],
  ['spec_version', 'UnsupportedSpecVersion'],
  ['expires', 'InvalidExpires'],
])('strict: an integer beyond 2^53 as %s is refused as %s, and shown exactly', async (field, code) => {
  const files = new Repository().seal();
  const text = fileOf(files, 'timestamp.json').toString();
  files.set(
    'timestamp.json',
    Buffer.from(text.replace(new RegExp(`"${field}": "[^"]*"`), `"${field}": ${LARGE}`)),
  );
  const { findings } = await verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
    now: REFERENCE_TIME,
    policy: { mode: 'strict' },
  });
  expect(findings[0]).toMatchObject({ code, severity: 'wall', role: 'timestamp' });
  expect(findings[0]?.detail).toContain(LARGE);
});
