import {
  type ErrorCode,
  errorMessage,
  type RecoveryError,
  systemErrorCode,
  TerminalError,
  TransientError,
} from '../errors.ts';
import { explainUnresolvedName, type ServiceNameNamespaces } from '../net/unresolved-name.ts';

interface Rule {
  readonly code: ErrorCode;
  /** True when waiting alone helps. */
  readonly transient: boolean;
  readonly next: string;
}

const cluster: Rule = {
  code: 'RedisClusterUnsupported',
  transient: false,
  next: 'It runs in Cluster mode, which the server itself cannot use because its keys carry no hash tags. Use a standalone or Sentinel Redis.',
};

/** The first word of a Redis error reply → what it means to a run. */
const replies: ReadonlyMap<string, Rule> = new Map([
  [
    'LOADING',
    { code: 'RedisLoading', transient: true, next: 'It is loading its data and answers when that is done.' },
  ],
  [
    'BUSY',
    {
      code: 'RedisTimeout',
      transient: true,
      next: 'Another script keeps it busy; look at SCRIPT KILL if that lasts.',
    },
  ],
  [
    'MASTERDOWN',
    {
      code: 'RedisUnreachable',
      transient: true,
      next: 'It is a replica without its primary; mend replication.',
    },
  ],
  [
    'TRYAGAIN',
    { code: 'RedisUnreachable', transient: true, next: 'It is moving data and answers when that is done.' },
  ],
  [
    'NOREPLICAS',
    {
      code: 'RedisUnreachable',
      transient: true,
      next: 'Too few replicas are connected (min-replicas-to-write); mend replication.',
    },
  ],
  [
    'READONLY',
    {
      code: 'RedisReadOnly',
      transient: false,
      next: 'It is a replica. Point the target at the primary, or at Sentinel.',
    },
  ],
  [
    'NOAUTH',
    {
      code: 'RedisAuthRequired',
      transient: false,
      next: 'It wants a password; give one in the credentials.',
    },
  ],
  [
    'WRONGPASS',
    {
      code: 'RedisWrongPassword',
      transient: false,
      next: 'It refused the user or the password; correct the credentials.',
    },
  ],
  [
    'NOPERM',
    {
      code: 'RedisNoPermission',
      transient: false,
      next: 'The ACL of this user lacks a command or a key; the reference lists the minimal ACL.',
    },
  ],
  [
    'DENIED',
    {
      code: 'RedisNoPermission',
      transient: false,
      next: 'It runs in protected mode and answers only on loopback; set a password or bind it properly.',
    },
  ],
  [
    'OOM',
    {
      code: 'RedisOutOfMemory',
      transient: false,
      next: 'It has reached maxmemory; free memory or raise the limit.',
    },
  ],
  [
    'MISCONF',
    {
      code: 'RedisPersistenceFailed',
      transient: false,
      next: 'It cannot write its snapshot to disk and so refuses writes; look at its log and disk.',
    },
  ],
  ['CROSSSLOT', cluster],
  ['MOVED', cluster],
  ['ASK', cluster],
  ['CLUSTERDOWN', cluster],
] satisfies [string, Rule][]);

/**
 * A script's error names the script first on Redis 6 and the cause first on Redis 7: look for the word, not
 * the place.
 */
const replyWord = new RegExp(`\\b(?:${[...replies.keys()].join('|')})\\b`);

const tls: Rule = {
  code: 'RedisTLS',
  transient: false,
  next: 'Check the authority, the client certificate, the server name, and whether the port speaks TLS at all.',
};

/** Node's names of certificate and handshake failures. */
const tlsCode =
  /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO$|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|HOSTNAME_MISMATCH)/;

/** Who an error came from. */
export interface RedisErrorContext {
  /** From `describeEndpoint`. */
  readonly where: string;
  /** A READONLY then passes: the old primary was demoted and Sentinel names the new one. */
  readonly behindSentinel: boolean;
  /** Where short host names were looked up. */
  readonly nameScope?: ServiceNameNamespaces | undefined;
}

/**
 * Gives an ioredis or socket error its place in the taxonomy.
 *
 * @param from who it came from
 */
export function redisError(
  error: unknown,
  { where, behindSentinel, nameScope }: RedisErrorContext,
): RecoveryError {
  const message = errorMessage(error);
  const code = systemErrorCode(error);
  const rule = ruleFor(message, code);
  if (rule === undefined) {
    return new TerminalError('RedisUnexpectedReply', `${where} answered: ${message}`, { cause: error });
  }
  const next = explainUnresolvedName(error, nameScope) ?? rule.next;
  // With a code it is the system that speaks, and not Redis.
  const what =
    rule.code === 'RedisUnreachable' && code !== undefined
      ? `can't be reached (${code})`
      : `answered: ${message.replace(/\.$/, '')}`;
  const text = `${where} ${what}. ${next}`;
  const heals = rule.transient || (rule.code === 'RedisReadOnly' && behindSentinel);
  return heals
    ? new TransientError(rule.code, text, { cause: error })
    : new TerminalError(rule.code, text, { cause: error });
}

/** Redis 6.2, of a command in a script. */
const scriptRefusal = /user executing the script can't (?:run this command|access at least one of the keys)/i;

function ruleFor(message: string, code: string | undefined): Rule | undefined {
  const word = scriptRefusal.test(message) ? 'NOPERM' : replyWord.exec(message)?.[0];
  if (word !== undefined) {
    return replies.get(word);
  }
  if (code !== undefined && tlsCode.test(code)) {
    return tls;
  }
  if (code !== undefined || unreachable.test(message)) {
    return {
      code: 'RedisUnreachable',
      transient: true,
      next: 'Check address, port, network policy and whether it runs.',
    };
  }
  return undefined;
}

/** Texts of ioredis and Redis for "no connection"; they carry no code. */
const unreachable =
  /Connection is closed|Stream isn't writeable|Command aborted due to connection close|All sentinels are unreachable|max number of clients/i;
