import { describe, expect, test } from 'vitest';
import { parseExpires } from '../../../src/tuf/metadata/expires.ts';

describe('a date-time with a zone is read', () => {
  test.each([
    ['2030-01-31T23:59:59Z', '2030-01-31T23:59:59.000Z', true, true],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z', true, true],
    ['2032-02-29T00:00:00Z', '2032-02-29T00:00:00.000Z', true, true],
    ['2030-12-31T00:00:00Z', '2030-12-31T00:00:00.000Z', true, true],
    ['2030-01-31T00:00:00.1239Z', '2030-01-31T00:00:00.123Z', false, true],
    ['2030-01-31T00:00:00.120Z', '2030-01-31T00:00:00.120Z', false, false],
    ['2030-01-31T00:00:00+02:30', '2030-01-30T21:30:00.000Z', false, true],
    ['2030-01-31T00:00:00-23:59', '2030-01-31T23:59:00.000Z', false, true],
    ['2030-01-31T00:00:00+00:00', '2030-01-31T00:00:00.000Z', false, false],
    ['2030-01-31T00:00:00.5-01:00', '2030-01-31T01:00:00.500Z', false, true],
  ])('%s', (text, instant, plain, roundTrips) => {
    expect(parseExpires(text)).toEqual({ at: Date.parse(instant), text, plain, roundTrips });
  });
});

describe('everything else is refused', () => {
  test.each([
    '1969-12-31T23:59:59Z',
    '2030-00-31T00:00:00Z',
    '2030-13-31T00:00:00Z',
    '2030-01-00T00:00:00Z',
    '2030-01-32T00:00:00Z',
    '2030-04-31T00:00:00Z',
    '2030-02-29T00:00:00Z',
    '2030-01-31T24:00:00Z',
    '2030-01-31T00:60:00Z',
    '2030-01-31T23:59:60Z',
    '2030-01-31T00:00:00+24:00',
    '2030-01-31T00:00:00-01:60',
    '2030-01-31T00:00:00',
    '2030-01-31T00:00:00.Z',
    '2030-01-31T00:00:00.1234567891Z',
    '2030-01-31T00:00:00z',
    '2030-01-31t00:00:00Z',
    '2030-01-31 00:00:00Z',
    ' 2030-01-31T00:00:00Z',
    '2030-01-31T00:00:00Z\n',
    '12030-01-31T00:00:00Z',
    '',
    0,
    undefined,
    ['2030-01-31T00:00:00Z'],
  ])('%j', (value) => {
    expect(() => parseExpires(value)).toThrow(expect.objectContaining({ code: 'InvalidExpires' }));
  });
});
