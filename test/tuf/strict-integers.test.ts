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

test('strict: a chain that ends beyond 2^53 is refused, and its version shown exactly', async () => {
  const repository = new Repository({ digests: false });
  const files = repository.seal();
  const text =
    '{"_type":"timestamp","expires":"2031-01-01T00:00:00Z","meta":{"snapshot.json":{"version":1}},' +
    `"spec_version":"1.0.31","version":${LARGE}}`;
  const signatures = repository
    .keysOf('timestamp')
    .map((key) => ({ keyid: key.keyid, sig: key.sign(Buffer.from(text)).toString('hex') }));
  files.set('timestamp.json', Buffer.from(`{"signatures":${JSON.stringify(signatures)},"signed":${text}}`));
  const { verdict, trusted, findings } = await verify(new MemorySource(files), {
    anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
    now: REFERENCE_TIME,
    policy: { mode: 'strict' },
  });
  expect({ verdict, trusted }).toEqual({ verdict: 'refused', trusted: undefined });
  expect(findings[0]).toMatchObject({ code: 'LimitExceeded', severity: 'wall', role: 'timestamp' });
  expect(findings[0]?.detail).toContain(LARGE);
});
