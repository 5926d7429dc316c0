import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import { asArray, asObject, asShortString, asStrings, invalidMetadata, ownMember } from '../json/guards.ts';
import type { Key } from '../keys/key.ts';
import { parseKeys, parseRoleKeys } from '../keys/role-keys.ts';
import { oddArtifact } from './artifact-lint.ts';
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
  /**
   * What the server would read or write differently in the rest of the body; undefined when nothing was
   * found.
   */
  readonly oddity: string | undefined;
}

/** @throws MetadataFault checks 8, 21, 22, 23, 24 */
export function parseTargets(file: OpenedFile): Targets {
  if (!file.isObject('targets')) {
    invalidMetadata('signed.targets', 'an object');
  }
  const value = file.member('delegations');
  return {
    envelope: file.envelope,
    delegations: value === undefined || value === null ? undefined : parseDelegations(value),
    oddity: value === null ? 'delegations is null' : artifactOddity(file),
  };
}

/** Artifacts are not needed to recover, so those of a large file are left unread. */
function artifactOddity(file: OpenedFile): string | undefined {
  const targets = file.envelope.size > LIMITS.lintedBytes ? undefined : file.bytesOf('targets');
  return targets === undefined ? undefined : oddArtifact(targets);
}

const PATH = 'signed.delegations';
const RESERVED: ReadonlySet<string> = new Set(TOP_LEVEL_ROLES);

function parseDelegations(value: unknown): Delegations {
  const delegations = asObject(value, PATH);
  const keys = parseKeys(ownMember(delegations, 'keys'), `${PATH}.keys`);
  const listed = ownMember(delegations, 'roles');
  const succinctValue = ownMember(delegations, 'succinct_roles');
  if ((listed === undefined) === (succinctValue === undefined)) {
    throw new MetadataFault('MixedDelegations', `${PATH} must hold exactly one of roles and succinct_roles`);
  }
  if (succinctValue !== undefined) {
    const succinct = parseSuccinctRoles(succinctValue, PATH);
    // Bins differ by their numbers, which no top-level role has.
    return { keys, roles: succinct.bins, succinct };
  }
  const roles = parseRoles(listed);
  checkNames(roles);
  return { keys, roles, succinct: undefined };
}

function parseRoles(value: unknown): readonly DelegatedRole[] {
  const list = asArray(value, `${PATH}.roles`);
  if (list.length > LIMITS.roles) {
    throw new MetadataFault('LimitExceeded', `${PATH}.roles holds more than ${LIMITS.roles} entries`);
  }
  let count = 0;
  const patterns = (value: unknown, path: string): readonly string[] | undefined => {
    const strings =
      value === undefined || value === null ? undefined : asStrings(value, LIMITS.pathCharacters, path);
    count += strings?.length ?? 0;
    if (count > LIMITS.paths) {
      throw new MetadataFault('LimitExceeded', `${PATH}.roles holds more than ${LIMITS.paths} paths`);
    }
    return strings;
  };
  return list.map((item, index) => {
    const path = `${PATH}.roles[${index}]`;
    const role = asObject(item, path);
    const name = asShortString(ownMember(role, 'name'), LIMITS.roleNameCharacters, `${path}.name`);
    if (name === '') {
      invalidMetadata(`${path}.name`, 'a non-empty string');
    }
    const terminating = ownMember(role, 'terminating');
    const paths = ownMember(role, 'paths');
    const prefixes = ownMember(role, 'path_hash_prefixes');
    const hasNull = paths === null || prefixes === null;
    const hasBoth = paths !== undefined && prefixes !== undefined;
    return {
      name,
      ...parseRoleKeys(role, path),
      terminating: typeof terminating === 'boolean' ? terminating : undefined,
      paths: patterns(paths, `${path}.paths`),
      pathHashPrefixes: patterns(prefixes, `${path}.path_hash_prefixes`),
      roundTrips: typeof terminating === 'boolean' && !hasNull && !hasBoth,
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
