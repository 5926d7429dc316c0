import { describe, expect, test } from 'vitest';
import { parseLocation } from '../../src/storage/location.ts';
import { openLocation } from '../../src/storage/open.ts';

describe('a location', () => {
  test.each([
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['S3://bucket/a/b', { kind: 's3', bucket: 'bucket', prefix: 'a/b/' }],
    ['s3://bucket/a/b//', { kind: 's3', bucket: 'bucket', prefix: 'a/b/' }],
    ['s3://bucket/a b+%20/ü', { kind: 's3', bucket: 'bucket', prefix: 'a b+%20/ü/' }],
    ['.', { kind: 'directory', path: '.' }],
    ['/var/lib/tuf metadata', { kind: 'directory', path: '/var/lib/tuf metadata' }],
    ['C:\\metadata', { kind: 'directory', path: 'C:\\metadata' }],
    ['file:///var/lib/tuf%20metadata', { kind: 'directory', path: '/var/lib/tuf metadata' }],
  ])('%s is understood', (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  test.each([[''], ['ftp://host/path'], ['https://host/path'], ['s3://'], ['redis://host']])(
    '"%s" is refused with what is allowed',
    (text) => {
      expect(() => parseLocation(text)).toThrow(/Give a directory or s3:\/\/bucket\/prefix/);
    },
  );

  test('with a password in it is refused without repeating it', () => {
    expect(() => parseLocation('redis://:canary@host')).toThrow(/^(?!.*canary)/s);
  });

  test('in S3 is not opened without credentials', async () => {
    await expect(openLocation(parseLocation('s3://bucket'), {})).rejects.toMatchObject({
      code: 'InvalidInput',
    });
  });
});
