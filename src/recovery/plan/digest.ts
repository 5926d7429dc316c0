import { createHash } from 'node:crypto';
import type { Action } from './plan.ts';

/**
 * Names one plan: `sha256:` and the hex hash of its canonical form, which covers key, kind, before, after and
 * source of every action in order, and where they are carried out. Approving it approves exactly these writes
 * over exactly these values in exactly this place.
 *
 * @param place left out: not part of the name
 */
export function digestOf(actions: readonly Action[], place?: string): string {
  const writes = JSON.stringify(
    actions.map(({ key, kind, before, after, source }) => [
      key,
      kind,
      before === undefined ? null : 'value' in before ? ['value', before.value] : ['type', before.wrongType],
      after ?? null,
      source,
    ]),
  );
  const canonical = place === undefined ? writes : JSON.stringify([place, writes]);
  return `sha256:${createHash('sha256').update(canonical).digest('hex')}`;
}
