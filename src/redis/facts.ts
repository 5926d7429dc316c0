import { TerminalError } from '../errors.ts';
import type { ServerFacts } from './statestore.ts';

/** What is said when the user may not call INFO: a finding instead of a failure. */
export const withheldFacts: ServerFacts = {
  version: undefined,
  role: undefined,
  warnings: [
    {
      code: 'RedisFactsWithheld',
      detail:
        'The ACL of this user does not allow INFO, so version, role, eviction policy and persistence were not checked. Grant +info to have them checked.',
    },
  ],
};

/** A warning and the lines of INFO that prove it. */
interface WarningRule {
  readonly code: string;
  readonly when: (info: ReadonlyMap<string, string>) => boolean;
  readonly detail: string;
}

const warningRules: readonly WarningRule[] = [
  {
    code: 'RedisEvictsKeys',
    when: (info) => info.get('maxmemory_policy')?.startsWith('allkeys-') ?? false,
    detail:
      'maxmemory-policy is allkeys-*: Redis may evict settings one by one when memory is short. Use noeviction or volatile-*.',
  },
  {
    code: 'RedisNotPersistent',
    when: (info) => info.get('aof_enabled') === '0',
    detail:
      'appendonly is no: a crash of Redis loses what was written since its last snapshot. Set appendonly yes.',
  },
  {
    code: 'RedisReplicaWithoutMaster',
    when: (info) => info.get('role') === 'slave' && info.get('master_link_status') !== 'up',
    detail:
      'This Redis is a replica that has lost its primary: what it answers may be old. Mend replication.',
  },
];

/**
 * Reads the reply of INFO.
 *
 * @throws TerminalError `RedisClusterUnsupported`: the server cannot use a cluster and neither can a recovery.
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
    version: info.get('redis_version'),
    role: role === undefined ? undefined : role === 'master' ? 'master' : 'replica',
    warnings: warningRules.filter(({ when }) => when(info)).map(({ code, detail }) => ({ code, detail })),
  };
}
