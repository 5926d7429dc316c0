import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Version } from '../../src/tuf/metadata/version.ts';
import type { HeadVersions, VerifyOptions } from '../../src/tuf/verify/verification.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { runCLI } from '../cli/run-cli.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
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

const ROLES = ['root', 'timestamp', 'snapshot', 'targets', 'stable'] as const;
const MOST = BigInt(Number.MAX_SAFE_INTEGER);
const VERSIONS = [MOST + 1n, MOST + 2n, 2n ** 63n - 1n, 2n ** 64n + 1n, 10n ** 30n + 1n];

/** A repository in which one role has a large version, and a client's options that bring its root along. */
function withVersion(
  role: (typeof ROLES)[number],
  version: Version,
  others: readonly string[] = [],
): { files: Map<string, Buffer>; options: VerifyOptions } {
  const delegations = ['stable', ...others].map((name) => ({ name, keys: ['online'] }));
  const repository = new Repository({ delegations });
  const file = role === 'root' ? repository.root(1) : repository.file(role);
  file.version = version;
  const files = repository.seal();
  const bytes = fileOf(files, '1.root.json');
  if (role === 'root') {
    files.delete('1.root.json');
  }
  const options = { anchor: { kind: 'root', bytes }, now: REFERENCE_TIME } as const;
  return { files, options: { ...options, policy: { mode: 'strict' } } };
}

function versionIn(heads: HeadVersions<Version> | undefined, role: (typeof ROLES)[number]): unknown {
  return role === 'stable' ? heads?.delegated.get(role) : heads?.[role];
}

describe.each(ROLES)('a version of %s beyond 2^53', (role) => {
  test.each(VERSIONS)('%d: strict verification names it exactly', async (version) => {
    const { files, options } = withVersion(role, version);
    const { verdict, trusted, findings } = await verify(new MemorySource(files), options);
    expect({ verdict, walls: findings.filter(({ severity }) => severity !== 'report') }).toEqual({
      verdict: 'trusted',
      walls: [],
    });
    expect(versionIn(trusted?.heads, role)).toBe(version);
    const facts = role === 'stable' ? trusted?.delegated[0] : trusted?.[role];
    expect(facts?.version).toBe(version);
  });

  test.each(VERSIONS)('%d: a recovery refuses it', async (version) => {
    const { files, options } = withVersion(role, version);
    for (const refuseExpired of [false, true]) {
      const policy = { mode: 'recovery', refuseExpired } as const;
      const { trusted, findings } = await verify(new MemorySource(files), { ...options, policy });
      expect(trusted).toBeUndefined();
      expect(findings).toMatchObject([{ severity: expect.stringMatching('wall|deny') }]);
      expect(findings[0]?.code).toBe('IntegerTooLarge');
    }
  });
});

test('the largest version that a number holds is nothing special', async () => {
  const { files, options } = withVersion('stable', Number.MAX_SAFE_INTEGER);
  for (const mode of ['strict', 'recovery'] as const) {
    const { trusted } = await verify(new MemorySource(files), { ...options, policy: { mode } });
    expect(trusted?.heads.delegated.get('stable')).toBe(Number.MAX_SAFE_INTEGER);
  }
});

test('a version beyond 2^53 comes out of the worker thread exactly', async () => {
  const others = Array.from({ length: 1200 }, (_, i) => `role-${i}`);
  const { files, options } = withVersion('stable', MOST + 2n, others);
  const { trusted } = await verify(new MemorySource(files), options);
  expect(trusted?.heads.delegated.get('stable')).toBe(MOST + 2n);
  expect(trusted?.heads.delegated.get('role-7')).toBe(1);
});

test.each(ROLES)('verify prints a version of %s beyond 2^53 exactly, in every format', async (role) => {
  await using directory = await temporaryDirectory('large-version');
  const { files, options } = withVersion(role, MOST + 2n);
  for (const [name, bytes] of files) {
    await writeFile(join(directory.path, name), bytes);
  }
  const root = join(directory.path, 'trusted.json');
  await writeFile(root, options.anchor.kind === 'root' ? options.anchor.bytes : '');
  const command = ['verify', directory.path, '--root', root, '--policy', 'strict'];
  for (const format of ['human', 'json', 'yaml']) {
    const { code, stdout } = await runCLI([
      ...command,
      ...['--reference-time', REFERENCE_TIME.toISOString(), '-o', format],
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(String(MOST + 2n)) });
    expect(stdout).not.toMatch(/900719925474099[0-9](?<!3)\b|e\+/);
  }
});
