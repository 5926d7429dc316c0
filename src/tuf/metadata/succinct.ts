import { createHash } from 'node:crypto';
import { MetadataFault } from '../findings/fault.ts';
import { asInteger, asObject, asShortString, invalidMetadata, ownMember } from '../json/guards.ts';
import { parseRoleKeys } from '../keys/role-keys.ts';
import type { DelegatedRole } from './delegated-role.ts';
import { LIMITS } from './limits.ts';

/** Succinct delegations: 2^bitLength bins that share their keys (TAP 15). */
export interface SuccinctRoles {
  readonly bitLength: number;
  readonly namePrefix: string;
  /** One role per bin, in order of the bin's number. */
  readonly bins: readonly DelegatedRole[];
}

/** @throws MetadataFault `InvalidMetadata`, `InvalidThreshold`, `LimitExceeded` */
export function parseSuccinctRoles(value: unknown, parent: string): SuccinctRoles {
  const path = `${parent}.succinct_roles`;
  const succinct = asObject(value, path);
  const keys = parseRoleKeys(succinct, path);
  const bitLength = asInteger(ownMember(succinct, 'bit_length'), 1, `${path}.bit_length`);
  if (bitLength > 32) {
    invalidMetadata(`${path}.bit_length`, 'an integer from 1 to 32');
  }
  const namePrefix = asShortString(
    ownMember(succinct, 'name_prefix'),
    LIMITS.roleNameCharacters,
    `${path}.name_prefix`,
  );
  const count = 2 ** bitLength;
  if (count > LIMITS.roles) {
    throw new MetadataFault(
      'LimitExceeded',
      `${path} stands for ${count} roles, at most ${LIMITS.roles} are read`,
    );
  }
  const bins = Array.from({ length: count }, (_, bin) => ({
    ...keys,
    name: binName(namePrefix, bitLength, bin),
    terminating: true,
    paths: undefined,
    pathHashPrefixes: undefined,
    roundTrips: true,
  }));
  return { bitLength, namePrefix, bins };
}

/** Which bin is responsible for a target: the first `bitLength` bits of the sha256 of its path. */
export function binOf(succinct: SuccinctRoles, targetPath: string): string {
  const head = createHash('sha256').update(targetPath).digest().readUInt32BE(0);
  return binName(succinct.namePrefix, succinct.bitLength, head >>> (32 - succinct.bitLength));
}

/** `prefix-` and the bin's number in hex, padded to the width of the last one. */
function binName(prefix: string, bitLength: number, bin: number): string {
  return `${prefix}-${bin.toString(16).padStart((2 ** bitLength - 1).toString(16).length, '0')}`;
}
