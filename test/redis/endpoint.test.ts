import { expect, test } from 'vitest';
import { TerminalError } from '../../src/errors.ts';
import { describeEndpoint, redisEndpointFromURL } from '../../src/redis/endpoint.ts';

const standalone = (host: string, port: number) => ({ kind: 'standalone', address: { host, port } });

test.each([
  ['redis://h', { location: standalone('h', 6379) }],
  ['redis://h:1/2', { location: standalone('h', 1), db: 2 }],
  ['redis://h/', { location: standalone('h', 6379) }],
  ['redis://:p%40ss@h', { location: standalone('h', 6379), password: 'p@ss' }],
  ['redis://user:p:q@h', { location: standalone('h', 6379), username: 'user', password: 'p:q' }],
  ['redis://user@h', { location: standalone('h', 6379), username: 'user' }],
  ['rediss://h', { location: standalone('h', 6379), tls: {} }],
  ['redis://[::1]:7', { location: standalone('::1', 7) }],
  [
    'redis-sentinel://:s@a:1,b/3#the%20group',
    {
      location: {
        kind: 'sentinel',
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        master: 'the group',
      },
      db: 3,
      password: 's',
    },
  ],
])('%s is understood', (url, expected) => {
  expect(redisEndpointFromURL(url)).toEqual(expected);
});

test.each([
  '',
  'h:6379',
  'http://h',
  'redis://',
  'redis://a,b',
  'redis-sentinel://a:1',
  'redis://h:x',
  'redis://h/x',
  'redis://::1',
  'redis://u:topsecret@h h',
])('%s is refused, without repeating what may be a password', (url) => {
  expect(() => redisEndpointFromURL(url)).toThrow(TerminalError);
  expect(() => redisEndpointFromURL(url)).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('topsecret') }),
  );
});

test('a description names the place and no secret', () => {
  expect(describeEndpoint(redisEndpointFromURL('redis://u:topsecret@h/4'))).toBe('Redis at h:6379/4');
  expect(describeEndpoint(redisEndpointFromURL('redis-sentinel://:topsecret@a,b:2#g'))).toBe(
    'Redis "g" behind Sentinel a:26379, b:2',
  );
});
