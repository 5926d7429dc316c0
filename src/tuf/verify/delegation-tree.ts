import type { Steps } from '../../async/in-turns.ts';
import type { Signers } from '../keys/threshold.ts';
import type { DelegatedRole } from '../metadata/delegated-role.ts';
import type { Targets } from '../metadata/targets.ts';

/** One delegation: `delegator` trusts for `role` what `signers` have signed. */
export interface Delegation {
  readonly delegator: string;
  readonly role: DelegatedRole;
  readonly signers: Signers;
}

/** What one role's metadata delegates, in order of priority. */
export function delegationsOf(delegator: string, targets: Targets): readonly Delegation[] {
  const { delegations } = targets;
  if (delegations === undefined) {
    return [];
  }
  return delegations.roles.map((role) => ({ delegator, role, signers: { role, keys: delegations.keys } }));
}

/** A delegated role whose file verified for every role that delegates to it. */
export interface VerifiedRole {
  readonly role: string;
  /** 1 for a role delegated by targets itself. */
  readonly depth: number;
  /** Who delegates to it, in the order they were reached. */
  readonly delegators: readonly string[];
  /** Who may sign it, by each of the delegators. */
  readonly signers: readonly Signers[];
  readonly targets: Targets;
}

/**
 * The roles that are reached through verified roles only: level by level, in the order of the delegations. A
 * role that verified is left out when every role that delegates to it did not.
 *
 * @param verified every role that was met; undefined for one that failed
 * @param voided delegations, by their entries, that the role's file does not meet
 */
export function* reachableRoles(
  targets: Targets,
  verified: ReadonlyMap<string, Targets | undefined>,
  voided: ReadonlySet<DelegatedRole>,
): Steps<readonly VerifiedRole[]> {
  const found = new Map<string, VerifiedRole & { delegators: string[]; signers: Signers[] }>();
  let level = delegationsOf('targets', targets);
  for (let depth = 1; level.length > 0; depth++) {
    const next: Delegation[] = [];
    for (const { delegator, role, signers } of level) {
      yield;
      if (voided.has(role)) {
        continue;
      }
      const known = found.get(role.name);
      const opened = verified.get(role.name);
      if (known !== undefined) {
        known.delegators.push(delegator);
        known.signers.push(signers);
      } else if (opened !== undefined) {
        const delegators = [delegator];
        found.set(role.name, { role: role.name, depth, delegators, signers: [signers], targets: opened });
        next.push(...delegationsOf(role.name, opened));
      }
    }
    level = next;
  }
  return [...found.values()];
}
