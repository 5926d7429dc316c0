import { hash } from 'node:crypto';
import { binOf } from '../succinct.ts';
import type { DelegatedRole, Delegations } from '../targets.ts';

/** The roles that are trusted for a target path, in order of priority (spec 4.5; TAP 15). */
export function rolesFor({ roles, succinct }: Delegations, targetPath: string): readonly DelegatedRole[] {
  if (succinct !== undefined) {
    const bin = binOf(succinct, targetPath);
    return roles.filter(({ name }) => name === bin);
  }
  return roles.filter((role) => isTrustedFor(role, targetPath));
}

function isTrustedFor({ paths, pathHashPrefixes }: DelegatedRole, targetPath: string): boolean {
  if (pathHashPrefixes !== undefined) {
    const digest = hash('sha256', targetPath);
    return pathHashPrefixes.some((prefix) => digest.startsWith(prefix));
  }
  return paths?.some((pattern) => matches(pattern, targetPath)) ?? false;
}

/** Shell-style pattern in which `*` and `?` don't match a slash (spec 4.5). */
export function matches(pattern: string, targetPath: string): boolean {
  const patterns = pattern.split('/');
  const segments = targetPath.split('/');
  return (
    patterns.length === segments.length &&
    patterns.every((part, index) => matchSegment(part, segments[index] ?? ''))
  );
}

/** Greedy matching with one point of return: linear in practice, never exponential as a regular expression could be. */
function matchSegment(pattern: string, segment: string): boolean {
  let p = 0;
  let s = 0;
  let star = -1;
  let resume = 0;
  while (s < segment.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = s;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === segment[s])) {
      p++;
      s++;
    } else if (star >= 0) {
      p = star + 1;
      s = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
