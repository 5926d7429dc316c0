import { TerminalError } from '../errors.ts';
import type { Address, HostResolver } from '../net/dial.ts';
import type { ServiceNameNamespaces } from '../net/unresolved-name.ts';

/** Where a Redis is and how to be let in. Secrets in here never reach a message or a log. */
export interface RedisEndpoint {
  readonly location:
    | { readonly kind: 'standalone'; readonly address: Address }
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly Address[];
        /** Name of the group the Sentinels watch. */
        readonly master: string;
        readonly username?: string;
        readonly password?: string;
      };
  /** Database number; 0 when absent. */
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. Without `ca` the system's authorities count. Applies to Redis and to Sentinels. */
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    /** Name the certificate must carry, when it differs from the host. */
    readonly serverName?: string;
  };
  /** In a cluster: where its short host names are looked up. For messages only. */
  readonly nameScope?: ServiceNameNamespaces;
  /** What may be connected to, a primary that Sentinel names included; everything when absent. */
  readonly resolve?: HostResolver;
  /** Milliseconds to open a connection; 5,000 when absent. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds one round trip may take; 10,000 when absent. */
  readonly commandTimeoutMs?: number;
}

/** For messages: where, without secrets. */
export function describeEndpoint({ location, db }: RedisEndpoint): string {
  const suffix = db ? `/${db}` : '';
  if (location.kind === 'standalone') {
    return `Redis at ${location.address.host}:${location.address.port}${suffix}`;
  }
  const sentinels = location.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ');
  return `Redis "${location.master}" behind Sentinel ${sentinels}${suffix}`;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;

/**
 * Reads `redis://[[user]:password@]host[:port][/db]`, `rediss://…` for TLS, and
 * `redis-sentinel://[[user]:password@]host[:port][,host[:port]…][/db]#group`.
 *
 * @throws TerminalError `InvalidInput`; its message never repeats the URL, which may hold a password.
 */
export function redisEndpointFromURL(url: string): RedisEndpoint {
  const parsed =
    /^(?<scheme>redis|rediss|redis-sentinel):\/\/(?:(?<user>[^:@/#]*)(?::(?<password>[^@/#]*))?@)?(?<hosts>[^@/#?]+)(?:\/(?<db>\d+)?)?(?:#(?<group>.+))?$/.exec(
      url,
    )?.groups;
  const { scheme, user, password, hosts, db, group } = parsed ?? {};
  if (scheme === undefined || hosts === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'The Redis URL is not understood. Use redis://[user:password@]host[:port][/db], rediss:// for TLS, or ' +
        'redis-sentinel://[user:password@]host:port,host:port[/db]#group.',
    );
  }
  const sentinel = scheme === 'redis-sentinel';
  const addresses = hosts
    .split(',')
    .map((host) => address(host, sentinel ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT));
  return {
    location: sentinel ? sentinelGroup(addresses, group) : standalone(addresses),
    ...(db === undefined ? {} : { db: Number(db) }),
    ...(user ? { username: decoded(user) } : {}),
    ...(password ? { password: decoded(password) } : {}),
    ...(scheme === 'rediss' ? { tls: {} } : {}),
  };
}

function standalone(addresses: readonly Address[]): RedisEndpoint['location'] {
  const [only, ...more] = addresses;
  if (only === undefined || more.length > 0) {
    throw new TerminalError(
      'InvalidInput',
      'A Redis URL names one host; several hosts need redis-sentinel://.',
    );
  }
  return { kind: 'standalone', address: only };
}

function sentinelGroup(sentinels: readonly Address[], master: string | undefined): RedisEndpoint['location'] {
  if (master === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'A redis-sentinel:// URL ends with #group, the name Sentinel watches.',
    );
  }
  return { kind: 'sentinel', sentinels, master: decoded(master) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new TerminalError(
      'InvalidInput',
      'The Redis URL holds a % that begins no encoded character. Write % as %25, also in the password.',
      { cause: error },
    );
  }
}

/** `host`, `host:port`, `[::1]` or `[::1]:port`. */
function address(text: string, defaultPort: number): Address {
  const { bracketed, plain, port } =
    /^(?:\[(?<bracketed>[0-9a-fA-F:.]+)\]|(?<plain>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ??
    {};
  const host = bracketed ?? plain;
  if (host === undefined) {
    throw new TerminalError('InvalidInput', 'A host in the Redis URL is malformed: use host or host:port.');
  }
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) {
    throw new TerminalError('InvalidInput', `The Redis port ${number} is not between 1 and 65535.`);
  }
  return { host, port: number };
}
