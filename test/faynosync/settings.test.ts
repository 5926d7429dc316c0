import { describe, expect, test } from 'vitest';
import {
  bootstrapLockKey,
  ceremonyKeys,
  lockKey,
  markerKey,
  rootSigningKey,
  taskKey,
} from '../../src/faynosync/keys.ts';
import { settingsOf } from '../../src/faynosync/settings.ts';
import { GOLDEN_APPS, goldenApp } from '../harness/golden.ts';

describe.each(GOLDEN_APPS)('app %s', (name) => {
  test('has exactly the settings that the real server wrote', async () => {
    const golden = await goldenApp(name);
    const app = { adminName: golden.admin, appName: golden.app };
    const suffix = `_EXPIRATION_admin_${name}`;
    const standard = new Set(['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP']);
    const delegated = [...golden.settings.keys()]
      .filter((key) => key.endsWith(suffix))
      .map((key) => key.slice(0, -suffix.length))
      .filter((role) => !standard.has(role));

    const keys = [markerKey(app), rootSigningKey(app), ...settingsOf(app, delegated).map(({ key }) => key)];
    expect(keys.sort()).toEqual([...golden.settings.keys()].sort());
  });
});

test('a delegated role keeps its case and its bytes in the key', () => {
  const keys = settingsOf({ adminName: 'a_b', appName: 'c' }, ['Beta-Channel', 'with space', 'ö']).map(
    ({ key }) => key,
  );
  expect(keys).toContain('Beta-Channel_EXPIRATION_a_b_c');
  expect(keys).toContain('with space_EXPIRATION_a_b_c');
  expect(keys).toContain('ö_EXPIRATION_a_b_c');
});

test('ceremonies are looked for under root, targets and every delegated role, upper-cased and once', () => {
  expect([...ceremonyKeys({ adminName: 'a', appName: 'b' }, ['nightly', 'Nightly'])]).toEqual([
    'ROOT_SIGNING_a_b',
    'TARGETS_SIGNING_a_b',
    'NIGHTLY_SIGNING_a_b',
  ]);
});

test('the other keys of the server', () => {
  const app = { adminName: 'a', appName: 'b' };
  expect([markerKey(app), lockKey(app), rootSigningKey(app)]).toEqual([
    'BOOTSTRAP_a_b',
    'RECOVERY_LOCK_a_b',
    'ROOT_SIGNING_a_b',
  ]);
  expect([bootstrapLockKey('1'), taskKey('1')]).toEqual(['pre-1', 'task:1']);
});
