import { TerminalError } from '../errors.ts';
import type { ServerFacts } from './state-store.ts';

/** Milliseconds by which two clocks may differ before ages and lifetimes mislead. */
export const maxClockSkewMs = 5_000;

/** What is documented about one warning; `when` reads it off the lines of INFO. */
export interface ServerWarning {
  readonly when: (info: ReadonlyMap<string, string>) => boolean;
  /** What it means and what to do. */
  readonly detail: string;
}

/** Every warning about a Redis, by code. They become findings of a run and conditions of a target. */
export const serverWarnings = {
  RedisEvictsKeys: {
    when: (info) => info.get('maxmemory_policy')?.startsWith('allkeys-') ?? false,
    detail:
      'maxmemory-policy is allkeys-*: Redis may evict settings one by one when memory is short. Use noeviction or volatile-*.',
  },
  RedisNotPersistent: {
    when: (info) => info.get('aof_enabled') === '0',
    detail:
      'appendonly is no: a crash of Redis loses what was written since its last snapshot. Set appendonly yes.',
  },
  RedisReplicaWithoutMaster: {
    when: (info) => info.get('role') === 'slave' && info.get('master_link_status') !== 'up',
    detail:
      'This Redis is a replica that has lost its primary: what it answers may be old. Mend replication.',
  },
  RedisPasswordUnused: {
    // Never read off INFO: it is how AUTH is answered.
    when: () => false,
    detail:
      'A password was given, and this Redis wants none: every client that reaches it may read and write. Set a password there, or check that this is the right Redis.',
  },
  RedisFactsWithheld: {
    // Never read off INFO: it is said when INFO itself is refused.
    when: () => false,
    detail:
      'INFO is refused, by the ACL of this user or by the provider, so version, role, eviction policy and persistence were not checked. Grant +info, or leave the command enabled, to have them checked.',
  },
} as const satisfies Readonly<Record<string, ServerWarning>>;

/** What is known when the user may not call INFO: a warning instead of a failure. */
export const withheldFacts: ServerFacts = {
  version: undefined,
  role: undefined,
  time: undefined,
  warnings: [{ code: 'RedisFactsWithheld', detail: serverWarnings.RedisFactsWithheld.detail }],
};

/**
 * Reads the reply of INFO.
 *
 * @throws TerminalError `RedisClusterUnsupported`: the server cannot use a cluster and neither can a
 *   recovery.
 */
export function factsFromInfo(text: string): ServerFacts {
  const info = new Map(
    text.split('\r\n').flatMap((line): [string, string][] => {
      const [name, value] = line.split(':', 2);
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
  if (info.get('cluster_enabled') === '1') {
    throw new TerminalError(
      'RedisClusterUnsupported',
      'This Redis runs in Cluster mode, which the server itself cannot use because its keys carry no hash tags. Use a standalone or Sentinel Redis.',
    );
  }
  const role = info.get('role');
  return {
    version: versionIn(info),
    role: role === undefined ? undefined : role === 'master' ? 'master' : 'replica',
    time: timeIn(info.get('server_time_usec')),
    warnings: Object.entries<ServerWarning>(serverWarnings)
      .filter(([, { when }]) => when(info))
      .map(([code, { detail }]) => ({ code, detail })),
  };
}

/** Forks tell the version of Redis whose protocol they speak, and beside it their own. */
function versionIn(info: ReadonlyMap<string, string>): string | undefined {
  const [valkey, dragonfly] = [info.get('valkey_version'), info.get('dragonfly_version')];
  if (valkey !== undefined) {
    return `Valkey ${valkey}`;
  }
  return dragonfly === undefined ? info.get('redis_version') : `Dragonfly ${dragonfly}`;
}

function timeIn(microseconds: string | undefined): Date | undefined {
  const time = Number(microseconds) / 1000;
  return microseconds !== undefined && Number.isSafeInteger(Math.floor(time)) ? new Date(time) : undefined;
}
