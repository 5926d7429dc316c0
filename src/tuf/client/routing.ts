import { hash } from 'node:crypto';
import { MetadataFault } from '../findings/fault.ts';
import type { DelegatedRole } from '../metadata/delegated-role.ts';
import { binOf } from '../metadata/succinct.ts';
import type { Delegations } from '../metadata/targets.ts';
import { matchesPathPattern } from './path-pattern.ts';

/**
 * The roles that are trusted for a target path, in order of priority (spec 4.5; TAP 15).
 *
 * @throws MetadataFault `AmbiguousPaths`
 */
export function rolesFor({ roles, succinct }: Delegations, targetPath: string): readonly DelegatedRole[] {
  if (succinct !== undefined) {
    const bin = binOf(succinct, targetPath);
    return roles.filter(({ name }) => name === bin);
  }
  const digest = hash('sha256', targetPath);
  return roles.filter(({ name, paths, pathHashPrefixes }) => {
    // Readers that prefer different ones of the two would give the path to different roles.
    if ((paths === undefined) === (pathHashPrefixes === undefined)) {
      throw new MetadataFault(
        'AmbiguousPaths',
        `its delegation to ${JSON.stringify(name)} must have exactly one of paths and path_hash_prefixes`,
      );
    }
    return (
      paths?.some((pattern) => matchesPathPattern(pattern, targetPath)) ??
      pathHashPrefixes?.some((prefix) => digest.startsWith(prefix))
    );
  });
}
