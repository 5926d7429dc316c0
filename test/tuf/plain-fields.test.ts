import { expect, test } from 'vitest';
import { MetadataFault } from '../../src/tuf/findings/fault.ts';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import { LIMITS } from '../../src/tuf/metadata/limits.ts';

const FIELDS = {
  _type: '"targets"',
  spec_version: '"1.0.31"',
  version: '1',
  expires: '"2031-01-01T00:00:00Z"',
};

/** Values that anyone may write in place of one string or one number, all larger than is read. */
const LARGE = {
  'a long string': `"${'1'.repeat(LIMITS.plainField.bytes)}"`,
  'a long number': '1'.repeat(LIMITS.plainField.bytes + 1),
  'many objects': `[${'{},'.repeat(LIMITS.plainField.nodes)}{}]`,
};

const open = (fields: Readonly<Record<string, string>>) => {
  const members = Object.entries(fields).map(([name, value]) => `"${name}":${value}`);
  return openFile(Buffer.from(`{"signatures":[],"signed":{${members}}}`), 'targets', 'last-wins');
};

test('a file whose fields are plain is opened', () => {
  expect(open(FIELDS).envelope.version).toBe(1);
});

test.each(
  Object.keys(FIELDS).flatMap((field) =>
    Object.entries(LARGE).map(([kind, value]) => [field, kind, value] as const),
  ),
)('%s is not parsed when it is %s', (field, _kind, value) => {
  let fault: unknown;
  try {
    open({ ...FIELDS, [field]: value });
  } catch (error) {
    fault = error;
  }
  expect(fault).toBeInstanceOf(MetadataFault);
  expect(fault).toMatchObject({ code: 'LimitExceeded' });
});
