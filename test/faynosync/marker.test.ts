import { expect, test } from 'vitest';
import { parseMarker } from '../../src/faynosync/marker.ts';

test.each([
  [undefined, { kind: 'absent' }],
  ['', { kind: 'blank' }],
  [' \t', { kind: 'blank' }],
  ['pre-1', { kind: 'bootstrapping', id: '1' }],
  ['signing-1', { kind: 'signing', id: '1' }],
  ['RECOVERING_1', { kind: 'recovering', id: '1' }],
  ['72cebd0d-781b-4baf-836d-6ab89973ae44', { kind: 'done', id: '72cebd0d-781b-4baf-836d-6ab89973ae44' }],
  ['pre', { kind: 'done', id: 'pre' }],
  ['recovering_1', { kind: 'done', id: 'recovering_1' }],
])('the marker %j says %j', (value, expected) => {
  expect(parseMarker(value)).toEqual(expected);
});
