import { describe, expect, test } from 'vitest';
import { type ErrorCode, TerminalError, TransientError } from '../../src/errors.ts';
import { redisError } from '../../src/redis/errors.ts';

const from = { where: 'Redis at redis:6379', behindSentinel: false };

/** An error of the system, which says what it is by a code. */
const systemError = (code: string, message = 'it failed', more = {}) =>
  Object.assign(new Error(message), { code, ...more });

const summary = (error: unknown, context = from) => {
  const found = redisError(error, context);
  expect(found.cause).toBe(error);
  const kind = found instanceof TransientError ? 'transient' : 'terminal';
  expect(found instanceof TerminalError).toBe(kind === 'terminal');
  return [found.code, kind, found.message] as const;
};

/** The first words of error replies, as Redis 6.2 to 8 send them. */
const REPLIES: readonly (readonly [string, ErrorCode, 'transient' | 'terminal'])[] = [
  ['LOADING', 'RedisLoading', 'transient'],
  ['BUSY', 'RedisTimeout', 'transient'],
  ['MASTERDOWN', 'RedisUnreachable', 'transient'],
  ['TRYAGAIN', 'RedisUnreachable', 'transient'],
  ['NOREPLICAS', 'RedisUnreachable', 'transient'],
  ['READONLY', 'RedisReadOnly', 'terminal'],
  ['NOAUTH', 'RedisAuthRequired', 'terminal'],
  ['WRONGPASS', 'RedisWrongPassword', 'terminal'],
  ['NOPERM', 'RedisNoPermission', 'terminal'],
  ['DENIED', 'RedisNoPermission', 'terminal'],
  ['OOM', 'RedisOutOfMemory', 'terminal'],
  ['MISCONF', 'RedisPersistenceFailed', 'terminal'],
  ['CROSSSLOT', 'RedisClusterUnsupported', 'terminal'],
  ['MOVED', 'RedisClusterUnsupported', 'terminal'],
  ['ASK', 'RedisClusterUnsupported', 'terminal'],
  ['CLUSTERDOWN', 'RedisClusterUnsupported', 'terminal'],
];

describe.each(REPLIES)('an error reply %s', (word, code, kind) => {
  test.each([`${word} and more`, `ERR Error running script: -${word} and more`])('%s', (message) => {
    const [found, heals, text] = summary(new Error(message));
    expect([found, heals]).toEqual([code, kind]);
    // What happened, then what to do.
    expect(text).toMatch(/^Redis at redis:6379 answered: .+ and more\. [A-Z].+\.$/);
    expect(text).toContain(message);
  });

  test.each([`${word}X`, `X${word}`, word.toLowerCase()])('is a word of its own: not %s', (message) => {
    expect(summary(new Error(message))[0]).toBe('RedisUnexpectedReply');
  });

  test('counts more than the code of the client', () => {
    expect(summary(systemError('EPROTO', `${word} x`)).slice(0, 2)).toEqual([code, kind]);
  });
});

test.each([
  "ERR The user executing the script can't run this command or subcommand script",
  "ERR the user executing the script can't access at least one of the keys mentioned in the command",
])('a refusal that only a script of Redis 6.2 gives: %s', (message) => {
  expect(summary(new Error(message)).slice(0, 2)).toEqual(['RedisNoPermission', 'terminal']);
});

test.each([
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_OSSL_UNSUPPORTED',
  'EPROTO',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'HOSTNAME_MISMATCH',
])('%s is a matter of TLS, which waiting does not mend', (code) => {
  const [found, kind, message] = summary(systemError(code));
  expect([found, kind]).toEqual(['RedisTLS', 'terminal']);
  expect(message).toBe(
    'Redis at redis:6379 answered: it failed. Check the authority, the client certificate, the server name, and whether the port speaks TLS at all.',
  );
});

test.each(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENOTFOUND', 'EPROTOTYPE', 'X_CERT_HAS_EXPIRED'])(
  '%s is a Redis that is not reached',
  (code) => {
    expect(summary(systemError(code))).toEqual([
      'RedisUnreachable',
      'transient',
      `Redis at redis:6379 can't be reached (${code}). Check address, port, network policy and whether it runs.`,
    ]);
  },
);

test.each([
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'Command aborted due to connection close',
  'All sentinels are unreachable. Retrying from scratch after 10ms.',
  'ERR max number of clients reached',
])('and so is what says: %s', (message) => {
  expect(summary(new Error(message))).toEqual([
    'RedisUnreachable',
    'transient',
    `Redis at redis:6379 answered: ${message.replace(/\.$/, '')}. Check address, port, network policy and whether it runs.`,
  ]);
});

test('a reply that ends with a full stop gets no second one', () => {
  expect(summary(new Error('NOAUTH Authentication required.'))[2]).toBe(
    'Redis at redis:6379 answered: NOAUTH Authentication required. It wants a password; give one in the credentials.',
  );
});

test('any other answer is unexpected, and waiting does not help', () => {
  expect(summary(new Error('ERR what'))).toEqual([
    'RedisUnexpectedReply',
    'terminal',
    'Redis at redis:6379 answered: ERR what',
  ]);
  expect(summary('a text')).toEqual([
    'RedisUnexpectedReply',
    'terminal',
    'Redis at redis:6379 answered: a text',
  ]);
});

test('behind Sentinel a demoted primary passes, and nothing else does', () => {
  const context = { ...from, behindSentinel: true };
  for (const [word, code, kind] of REPLIES) {
    expect(summary(new Error(`${word} x`), context).slice(0, 2)).toEqual([
      code,
      word === 'READONLY' ? 'transient' : kind,
    ]);
  }
});

test('a short name that did not resolve is explained by the namespaces', () => {
  const error = systemError('ENOTFOUND', 'getaddrinfo ENOTFOUND redis', { hostname: 'redis' });
  const context = { ...from, nameScope: { lookedUpFrom: 'operators', namedIn: 'shop' } };
  expect(summary(error, context)[2]).toBe(
    "Redis at redis:6379 can't be reached (ENOTFOUND). The name redis was looked up in namespace operators, where the controller runs. If it is a Service of namespace shop, call it redis.shop.svc.",
  );
});
