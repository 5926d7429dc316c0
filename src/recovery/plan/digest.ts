import { createHash } from 'node:crypto';
import type { Steps } from '../../async/in-turns.ts';
import type { Action } from './plan.ts';

/**
 * Names one plan: `sha256:` and the hex hash of its canonical form, which covers key, kind, before, after and
 * source of every action in order, and where they are carried out. Approving it approves exactly these writes
 * over exactly these values in exactly this place.
 *
 * @param place left out: not part of the name
 */
export function* digestOf(actions: readonly Action[], place?: string): Steps<string> {
  const hash = createHash('sha256');
  // With a place, the hashed text is JSON of [place, writes], in which the writes are a string of JSON.
  const writes = (text: string): unknown =>
    hash.update(place === undefined ? text : JSON.stringify(text).slice(1, -1));
  hash.update(place === undefined ? '' : `[${JSON.stringify(place)},"`);
  writes('[');
  for (const [i, action] of actions.entries()) {
    writes(`${i === 0 ? '' : ','}${textOf(action)}`);
    yield;
  }
  writes(']');
  hash.update(place === undefined ? '' : '"]');
  return `sha256:${hash.digest('hex')}`;
}

function textOf({ key, kind, before, after, source }: Action): string {
  const held =
    before === undefined ? null : 'value' in before ? ['value', before.value] : ['type', before.wrongType];
  return JSON.stringify([key, kind, held, after ?? null, source]);
}
