import { expect, test } from 'vitest';
import { checkRoleNames } from '../../../src/tuf/metadata/role-names.ts';
import { verificationOf } from '../verify/verification-of.ts';

async function found(...names: readonly string[]) {
  const run = await verificationOf(new Map());
  await checkRoleNames(run, names);
  return run.findings.sorted().map(({ code, role, detail }) => [code, role, detail.split('. ', 1)[0]]);
}

test.each(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'])('the role name %s collides', async (name) => {
  const why = `the role name "${name}" is what the server calls a top-level role in its keys`;
  expect(await found(name)).toEqual([['RoleNameCollides', name, why]]);
});

test.each<[string, string, string]>([
  [
    'a_EXPIRATION_b',
    'RoleNameCollides',
    "holds _EXPIRATION_, which separates role and app in the server's keys",
  ],
  [
    '_EXPIRATION_',
    'RoleNameCollides',
    "holds _EXPIRATION_, which separates role and app in the server's keys",
  ],
  ['a\u0000', 'RoleNameCollides', 'holds a control character'],
  ['\u001fa', 'RoleNameCollides', 'holds a control character'],
  ['a\u007fb', 'RoleNameCollides', 'holds a control character'],
  ['Root', 'UnusualRoleName', 'differs from a top-level role only in case'],
  ['targets', 'UnusualRoleName', 'differs from a top-level role only in case'],
  ['a.b', 'UnusualRoleName', 'holds "." or "/"'],
  ['/a', 'UnusualRoleName', 'holds "." or "/"'],
])('of %j is said: %s, it %s', async (name, code, why) => {
  const [finding, ...others] = await found(name);
  expect(others).toEqual([]);
  expect(finding?.slice(0, 2)).toEqual([code, name]);
  expect(finding?.[2]).toMatch(/^the role name "/);
  expect(finding?.[2]).toContain(`" ${why}`);
});

test('every name is checked, and ordinary ones are not mentioned', async () => {
  const names = ['a', 'ROOTS', 'root-1', 'EXPIRATION', 'x_EXPIRATION', ' ', 'a~', 'rollout', '__proto__'];
  expect(await found(...names, 'ROOT', 'a/b')).toHaveLength(2);
});
