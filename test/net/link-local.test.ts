import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { isLinkLocal, lookupBeyondLinkLocal } from '../../src/net/link-local.ts';

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['::ffff:169.254.169.254', true],
  ['::ffff:a9fe:a9fe', true],
  ['fe80::1', true],
  ['febf::1', true],
  ['fd00:ec2::254', true],
  ['100.100.100.200', true],
  ['192.0.0.192', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['::1', false],
  ['fd00:ec2::253', false],
  ['2001:db8::1', false],
  ['example.com', false],
])('%s is link-local: %s', (address, linkLocal) => {
  expect(isLinkLocal(address)).toBe(linkLocal);
});

describe('a name is looked up for a connection', () => {
  const lookup = (host: string, options: LookupOptions = {}) =>
    new Promise<string | LookupAddress[]>((resolve, reject) => {
      lookupBeyondLinkLocal(host, options, (error, address) => (error ? reject(error) : resolve(address)));
    });

  test('in either form that Node.js asks for', async () => {
    expect(await lookup('127.0.0.1')).toBe('127.0.0.1');
    expect(await lookup('localhost', { all: true })).toContainEqual(
      expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) }),
    );
  });

  test('and refused when it leads to a metadata service', async () => {
    // What a resolver makes of a number is an address like any other.
    await expect(lookup('169.254.169.254')).rejects.toThrow('has a link-local or metadata address');
    await expect(lookup('0xa9fea9fe', { all: true })).rejects.toThrow('has a link-local or metadata address');
  });

  test('and says what the resolver says when it does not exist', async () => {
    await expect(lookup('nowhere.invalid')).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  });
});
