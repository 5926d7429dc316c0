import type { Draft } from '../metadata-file.ts';
import type { RoleTree } from '../repository.ts';
import { type Mutation, sha256 } from './mutation.ts';

/** A chain of delegations `depth` levels deep. */
function chain(depth: number): readonly RoleTree[] {
  let roles: readonly RoleTree[] = [];
  for (let level = depth; level >= 1; level--) {
    roles = [{ name: `level-${level}`, children: roles }];
  }
  return roles;
}

const named = (name: string): readonly RoleTree[] => [{ name }];

/** Checks 19 to 22 and 26: the tree of delegations and the names in it. */
export const DELEGATION_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a delegated role delegates further',
    code: 'NestedDelegation',
    role: 'a',
    severity: 'report',
    options: { delegations: [{ name: 'a', children: [{ name: 'b' }] }] },
  },
  {
    name: 'delegations nest nine levels deep',
    code: 'DelegationTooDeep',
    role: 'targets',
    severity: 'wall',
    options: { delegations: chain(9) },
  },
  {
    name: 'a role is signed for one of its two delegators',
    code: 'NotSignedForDelegator',
    role: 'c',
    severity: 'deny',
    also: ['NestedDelegation', 'NestedDelegation'],
    options: {
      delegations: [
        { name: 'a', children: [{ name: 'c', keys: ['c-by-a'] }] },
        { name: 'b', children: [{ name: 'c', keys: ['c-by-b'] }] },
      ],
    },
  },
  {
    name: 'a role is not signed for a delegator deeper in the tree',
    code: 'NotSignedForDelegator',
    role: 'c',
    severity: 'deny',
    also: ['NestedDelegation'],
    options: {
      delegations: [
        { name: 'c', keys: ['c-by-targets'] },
        { name: 'a', children: [{ name: 'c', keys: ['c-by-a'] }] },
      ],
    },
  },
  {
    name: 'one role name stands twice in the delegations',
    code: 'DuplicateRole',
    role: 'targets',
    severity: 'wall',
    options: { delegations: [{ name: 'stable' }, { name: 'stable' }] },
  },
  ...(['root', 'timestamp', 'snapshot', 'targets'] as const).map(
    (name): Mutation => ({
      name: `targets delegates to a role named ${name}`,
      code: 'ReservedRoleName',
      role: 'targets',
      severity: 'wall',
      apply: (repository) => {
        repository.delegation('targets', 'stable')['name'] = name;
      },
    }),
  ),
  {
    name: 'a delegation has both paths and path_hash_prefixes',
    code: 'AmbiguousPaths',
    also: ['ServerWouldRefuse'],
    role: 'targets',
    severity: 'report',
    apply: (repository) => {
      repository.delegation('targets', 'stable')['path_hash_prefixes'] = [
        sha256(Buffer.from('x')).slice(0, 2),
      ];
    },
  },
  {
    name: 'a delegation has neither paths nor path_hash_prefixes',
    code: 'AmbiguousPaths',
    role: 'targets',
    severity: 'report',
    apply: (repository) => delete repository.delegation('targets', 'stable')['paths'],
  },
  {
    name: 'delegations hold both roles and succinct_roles',
    code: 'MixedDelegations',
    role: 'targets',
    severity: 'wall',
    apply: (repository) => {
      const delegations = repository.targets.signed['delegations'] as Draft;
      delegations['succinct_roles'] = { keyids: [], threshold: 1, bit_length: 1, name_prefix: 'bin' };
    },
  },
  {
    name: 'succinct roles stand for more roles than are read',
    code: 'LimitExceeded',
    role: 'targets',
    severity: 'wall',
    options: { bins: { prefix: 'bin', bitLength: 1 } },
    apply: (repository) => {
      const { succinct_roles } = repository.targets.signed['delegations'] as { succinct_roles: Draft };
      succinct_roles['bit_length'] = 32;
    },
  },
  ...['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP', 'a_EXPIRATION_b', 'line\nbreak'].map(
    (name): Mutation => ({
      name: `a delegated role is named ${JSON.stringify(name)}`,
      code: 'RoleNameCollides',
      role: name,
      severity: 'wall',
      options: { delegations: named(name) },
    }),
  ),
  ...['Timestamp', 'rOOt', 'v1.2', 'a/b', '../a'].map(
    (name): Mutation => ({
      name: `a delegated role is named ${JSON.stringify(name)}`,
      code: 'UnusualRoleName',
      role: name,
      severity: 'report',
      options: { delegations: named(name) },
    }),
  ),
];
