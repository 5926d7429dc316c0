import { expect, test } from 'vitest';
import { assertApp, describeApp } from '../../src/faynosync/app.ts';
import { BootstrapUploadProgress } from '../../src/faynosync/bootstrap-progress.ts';
import { metadataPrefix, parseVersionedName } from '../../src/faynosync/layout.ts';

function filesOf(...names: readonly string[]): BootstrapUploadProgress {
  const files = new BootstrapUploadProgress();
  for (const name of names) {
    files.add(name);
  }
  return files;
}

test("an app's files lie under its admin and its name", () => {
  expect(metadataPrefix({ adminName: 'alice', appName: 'tuf' })).toBe('tuf_metadata/alice/tuf/');
  expect(metadataPrefix({ adminName: 'alice', appName: 'tuf' }, 'elsewhere')).toBe('elsewhere/alice/tuf/');
});

test.each([
  [['1.root.json'], true],
  [['12.root.json', 'x'], true],
  [['root.json'], false],
  [['backup/1.root.json'], false],
  [['1.targets.json', 'timestamp.json'], false],
  [[], false],
])('%j was bootstrapped: %s', (names, expected) => {
  expect(filesOf(...names).hasPersistedRoot).toBe(expected);
});

test('a bootstrap that broke off lacks what it would have uploaded next', () => {
  expect(filesOf('1.default.json', '1.root.json').missing).toEqual([
    '1.targets.json',
    '1.snapshot.json',
    'timestamp.json',
  ]);
  expect(filesOf('1.root.json', '1.targets.json', '1.snapshot.json').missing).toEqual(['timestamp.json']);
});

test('a bootstrap that finished, and whose files were lost later, is no unfinished one', () => {
  expect(filesOf('1.root.json', 'timestamp.json').missing).toEqual([]);
  expect(filesOf('1.root.json', '2.targets.json').missing).toEqual([]);
});

test.each([
  ['1.root.json', { role: 'root', version: 1 }],
  ['12.with.dot.json', { role: 'with.dot', version: 12 }],
  ['timestamp.json', undefined],
  ['README', undefined],
  ['backup/1.root.json', undefined],
])('%s is %j', (name, expected) => {
  expect(parseVersionedName(name)).toEqual(expected);
});

test.each(['a_b', '', '-a', 'a b', 'ä', '../x'])(
  'appName %j is refused as the server refuses it',
  (appName) => {
    expect(() => assertApp({ adminName: 'alice', appName })).toThrow(/appName/);
  },
);

test.each(['', 'a\nb', 'x'.repeat(254)])('adminName %j is refused', (adminName) => {
  expect(() => assertApp({ adminName, appName: 'tuf' })).toThrow(/adminName/);
});

test('every other name is an app', () => {
  for (const adminName of ['alice', 'ops.team_1', 'EXPIRATION_x', 'a/b', 'ü', ' ']) {
    assertApp({ adminName, appName: 'tuf-2' });
  }
  expect(describeApp({ adminName: 'alice', appName: 'tuf' })).toBe('alice/tuf');
});
