import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyHolders } from '../../src/controllers/loss-detection/key-holders.ts';
import { onlineKeys } from '../../src/controllers/recoverytarget/online-keys.ts';

const step = fc.record({
  id: fc.constantFrom('1', '2', '3', '4', '5', '6'),
  admin: fc.constantFrom('alice', 'bob', 'carol'),
  keys: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }), { nil: undefined }),
});

describe('online keys of several admins', () => {
  test('are exactly those that apps of two admins list now, and a change of their number is reported', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const holders = new KeyHolders();
        const apps = new Map<string, { readonly admin: string; readonly keys: readonly string[] }>();
        let before = 0;
        for (const { id, admin, keys } of steps) {
          const changed =
            keys === undefined ? holders.drop(id) : holders.put(id, { adminName: admin, appName: id }, keys);
          apps.delete(id);
          if (keys !== undefined) {
            apps.set(id, { admin, keys });
          }
          const expected = ['a', 'b', 'c'].filter(
            (key) =>
              new Set([...apps.values()].filter((app) => app.keys.includes(key)).map((app) => app.admin))
                .size > 1,
          );
          const shared = holders.shared();
          expect(shared.map(({ keyID }) => keyID)).toEqual(expected);
          for (const { keyID, apps: named } of shared) {
            expect(new Set(named.map(({ adminName }) => adminName)).size).toBe(named.length);
            expect(named.every(({ appName }) => apps.get(appName)?.keys.includes(keyID))).toBe(true);
          }
          expect(changed).toBe(expected.length !== before);
          before = expected.length;
        }
      }),
    );
  });

  test('are named with the apps that list them, a few of many', () => {
    expect(onlineKeys(undefined).reason).toBe('NotGuarded');
    expect(onlineKeys([]).reason).toBe('Separate');
    const apps = ['alice', 'bob', 'carol', 'dave'].map((adminName) => ({ adminName, appName: 'tuf' }));
    const shared = Array.from({ length: 5 }, (_, at) => ({ keyID: String(at).repeat(64), apps }));
    const { reason, message } = onlineKeys(shared);
    expect(reason).toBe('SharedByAdmins');
    expect(message).toMatch(/Online key 000000000000… is listed by .*alice.*bob.*carol.* and others; /);
    expect(message).toContain('; 2 more.');
    expect(message).not.toContain('dave');
  });
});
