import { expect, test } from 'vitest';
import { isValid } from '../../src/faynosync/values.ts';

test.each(['1', '7', '365', '99999'])('%s days is what the server can sign with', (value) => {
  expect(isValid('days', value)).toBe(true);
  expect(isValid('count', value)).toBe(true);
});

test.each(['', '0', '-1', '+7', '07', ' 7', '7 ', '7.0', '1e3', '0x7', 'abc', '٧', '99999999999999999999'])(
  '%j would sign metadata that is expired, or nothing at all',
  (value) => {
    expect(isValid('days', value)).toBe(false);
    expect(isValid('count', value)).toBe(false);
  },
);

test.each([
  ['1', true],
  ['0', true],
  ['true', true],
  ['false', true],
  ['TRUE', false],
  ['', false],
  ['yes', false],
])('TARGETS_ONLINE_KEY %j is valid: %s', (value, valid) => {
  expect(isValid('flag', value)).toBe(valid);
});
