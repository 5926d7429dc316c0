import { describe, expect, test } from 'vitest';
import { isLinkLocal, resolveBeyondLinkLocal } from '../../src/net/link-local.ts';

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

describe('a host is resolved for a connection', () => {
  test('to its addresses', async () => {
    expect(await resolveBeyondLinkLocal('127.0.0.1', 443)).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await resolveBeyondLinkLocal('localhost', 443)).toContainEqual(
      expect.objectContaining({ address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/) }),
    );
  });

  test.each(['169.254.169.254', '0xa9fea9fe', 'fe80::1'])('%s is refused', async (host) => {
    await expect(resolveBeyondLinkLocal(host, 80)).rejects.toThrow('has a link-local or metadata address');
  });

  test('with the error of the resolver when it does not exist', async () => {
    await expect(resolveBeyondLinkLocal('nowhere.invalid', 443)).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
  });
});
