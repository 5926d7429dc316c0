import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { findRoleKeyCollision, type RoleKeyCollision } from '../../src/faynosync/collisions.ts';
import { ceremonyKeys, lockKey, markerKey, rootSigningKey } from '../../src/faynosync/keys.ts';
import { settingsOf } from '../../src/faynosync/settings.ts';

function collisionAmong(roles: readonly string[]): RoleKeyCollision | undefined {
  return inOneTurn(findRoleKeyCollision(roles));
}

test.each(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'])(
  'a delegated role %s is refused: it would overwrite the top-level lifetime',
  (role) => {
    expect(collisionAmong(['default', role])).toMatchObject({ role });
  },
);

test.each([
  '',
  'a\nb',
  'a\u0000',
  'BOOTSTRAP',
  'RECOVERY_LOCK',
  'x_EXPIRATION_y',
  'x_EXPIRATION',
  'ROOT_SIGNING',
  'TARGETS_ONLINE_KEY',
  'ROOT_NUM_KEYS',
])('a delegated role %j is refused', (role) => {
  expect(collisionAmong([role])).toMatchObject({ role });
});

test('a role that is delegated twice is refused', () => {
  expect(collisionAmong(['a', 'b', 'a'])).toMatchObject({ role: 'a' });
});

test.each(['root', 'timestamp', '__proto__', 'constructor', 'with space', 'with.dot', 'Ünï', 'a/b'])(
  'a delegated role %j has a key of its own',
  (role) => {
    expect(collisionAmong([role])).toBeUndefined();
  },
);

test('the search can be interrupted after each role', () => {
  const roles = Array.from({ length: 100 }, (_, i) => `role-${i}`);
  expect([...findRoleKeyCollision(roles)]).toHaveLength(roles.length);
});

test("roles that pass have different keys, none of which is another app's marker, lock or setting", () => {
  const app = { adminName: 'alice', appName: 'tuf' };
  const word = fc.constantFrom(
    'ROOT',
    'BOOTSTRAP',
    'THRESHOLD',
    'SIGNING',
    'NUM_KEYS',
    'ONLINE_KEY',
    'EXPIRATION',
    'RECOVERY_LOCK',
    '_',
    'x',
    'a',
    '_EXPIRATION_',
    'TARGETS',
  );
  const role = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
  const admin = fc
    .array(fc.constantFrom('EXPIRATION', '_', 'alice', 'x', '_EXPIRATION_alice'), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(role, { maxLength: 4 }), admin, (roles, other) => {
      fc.pre(collisionAmong(roles) === undefined && other !== app.adminName);
      const own = settingsOf(app, roles).map(({ key }) => key);
      expect(new Set(own).size).toBe(own.length);
      const stranger = { adminName: other, appName: 'tuf' };
      const theirs = [
        markerKey(stranger),
        lockKey(stranger),
        rootSigningKey(stranger),
        ...ceremonyKeys(stranger, ['x']),
        ...settingsOf(stranger, ['x', 'a']).map(({ key }) => key),
      ];
      expect(own.filter((key) => theirs.includes(key))).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
});
