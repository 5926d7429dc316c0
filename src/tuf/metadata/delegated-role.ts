import type { RoleKeys } from '../keys/role-keys.ts';

/** One entry of `delegations.roles` (spec 4.5), or one bin of succinct roles (TAP 15). */
export interface DelegatedRole extends RoleKeys {
  readonly name: string;
  /** undefined when the field is absent or no boolean. */
  readonly terminating: boolean | undefined;
  readonly paths: readonly string[] | undefined;
  readonly pathHashPrefixes: readonly string[] | undefined;
  /**
   * Whether the server writes the entry as it read it: it adds `terminating`, drops null, and fails on both
   * kinds of paths at once.
   */
  readonly roundTrips: boolean;
}
