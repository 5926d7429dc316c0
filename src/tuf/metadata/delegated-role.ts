import type { RoleKeys } from '../keys/role-keys.ts';

/** One entry of `delegations.roles` (spec 4.5), or one bin of succinct roles (TAP 15). */
export interface DelegatedRole extends RoleKeys {
  readonly name: string;
  /** undefined when the field is absent, which the server's round trip would turn into false. */
  readonly terminating: boolean | undefined;
  readonly paths: readonly string[] | undefined;
  readonly pathHashPrefixes: readonly string[] | undefined;
}
