import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { asArray, asObject, asShortString, asStrings, invalid, member } from '../json/guards.ts';
import type { Key } from '../keys/key.ts';
import { parseKeys, parseRoleKeys } from '../keys/role-keys.ts';
import type { DelegatedRole } from './delegated-role.ts';
import type { Envelope, OpenedFile } from './envelope.ts';
import { LIMITS } from './limits.ts';
import { TOP_LEVEL_ROLES } from './root.ts';
import { parseSuccinctRoles, type SuccinctRoles } from './succinct.ts';

/** `delegations` of targets metadata, listed roles or succinct ones (TAP 15). */
export interface Delegations {
  readonly keys: ReadonlyMap<string, Key>;
  /** In order of priority; for succinct roles, every bin. */
  readonly roles: readonly DelegatedRole[];
  readonly succinct: SuccinctRoles | undefined;
}

/** The part of targets metadata that verification needs; `targets` itself is only known to be an object. */
export interface Targets {
  readonly envelope: Envelope;
  readonly delegations: Delegations | undefined;
}

/** @throws MetadataFault checks 8, 21, 22, 23, 24 */
export function parseTargets(file: OpenedFile): Targets {
  if (!file.isObject('targets')) {
    invalid('signed.targets', 'an object');
  }
  const value = file.member('delegations');
  return {
    envelope: file.envelope,
    delegations: value === undefined || value === null ? undefined : parseDelegations(value),
  };
}

const PATH = 'signed.delegations';
const RESERVED: ReadonlySet<string> = new Set(TOP_LEVEL_ROLES);

function parseDelegations(value: unknown): Delegations {
  const delegations = asObject(value, PATH);
  const keys = parseKeys(member(delegations, 'keys'), `${PATH}.keys`);
  const listed = member(delegations, 'roles');
  const succinctValue = member(delegations, 'succinct_roles');
  if ((listed === undefined) === (succinctValue === undefined)) {
    throw new MetadataFault('MixedDelegations', `${PATH} must hold exactly one of roles and succinct_roles`);
  }
  const succinct = succinctValue === undefined ? undefined : parseSuccinctRoles(succinctValue, PATH);
  const roles = succinct?.bins ?? parseRoles(listed);
  checkNames(roles);
  return { keys, roles, succinct };
}

function parseRoles(value: unknown): readonly DelegatedRole[] {
  const list = asArray(value, `${PATH}.roles`);
  if (list.length > LIMITS.roles) {
    throw new MetadataFault('LimitExceeded', `${PATH}.roles holds more than ${LIMITS.roles} entries`);
  }
  let paths = 0;
  const patterns = (value: unknown, path: string): readonly string[] | undefined => {
    const strings =
      value === undefined || value === null ? undefined : asStrings(value, LIMITS.pathCharacters, path);
    paths += strings?.length ?? 0;
    if (paths > LIMITS.paths) {
      throw new MetadataFault('LimitExceeded', `${PATH}.roles holds more than ${LIMITS.paths} paths`);
    }
    return strings;
  };
  return list.map((item, index) => {
    const path = `${PATH}.roles[${index}]`;
    const role = asObject(item, path);
    const name = asShortString(member(role, 'name'), LIMITS.roleNameCharacters, `${path}.name`);
    if (name === '') {
      invalid(`${path}.name`, 'a non-empty string');
    }
    const terminating = member(role, 'terminating');
    return {
      name,
      ...parseRoleKeys(role, path),
      terminating: typeof terminating === 'boolean' ? terminating : undefined,
      paths: patterns(member(role, 'paths'), `${path}.paths`),
      pathHashPrefixes: patterns(member(role, 'path_hash_prefixes'), `${path}.path_hash_prefixes`),
    };
  });
}

function checkNames(roles: readonly DelegatedRole[]): void {
  const seen = new Set<string>();
  for (const { name } of roles) {
    if (RESERVED.has(name)) {
      throw new MetadataFault('ReservedRoleName', `${PATH} names a role ${quoted(name)}`);
    }
    if (seen.has(name)) {
      throw new MetadataFault('DuplicateRole', `${PATH} names the role ${quoted(name)} twice`);
    }
    seen.add(name);
  }
}
