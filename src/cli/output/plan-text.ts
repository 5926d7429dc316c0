import type { Action, ActionKind, Plan } from '../../recovery/plan/plan.ts';
import type { OutputStyle, Tone } from './style.ts';
import { tableText } from './table.ts';
import { terminalText } from './terminal-text.ts';

/** No person reads more; the machine formats hold all. */
const mostShown = 100;

const marks: Readonly<Record<ActionKind, readonly [sign: string, tone: Tone, word: string]>> = {
  Create: ['+', 'good', 'created'],
  Replace: ['~', 'warning', 'replaced'],
  Persist: ['∞', 'warning', 'freed of a time to live'],
  Delete: ['-', 'bad', 'deleted'],
  Keep: ['=', 'quiet', 'kept'],
};

/**
 * The plan for people: a row per key that changes, with the value before and after, where it comes from and
 * how sure the run is of it. Keys that stay are counted.
 *
 * @param done whether it was applied: says "created" instead of "to be created"
 */
export function planText({ actions, digest }: Plan, done: boolean, paint: OutputStyle): string {
  const changes = actions.filter(({ kind }) => kind !== 'Keep');
  const heading = `${paint('heading', 'Plan')}  ${summary(actions, done)}  ${paint('quiet', digest)}\n`;
  if (changes.length === 0) {
    return heading;
  }
  const titles = ['', 'key', 'before', 'after', 'source', 'confidence'].map((title) => paint('quiet', title));
  const rows = changes.slice(0, mostShown).map((action) => row(action, paint));
  const more = changes.length - rows.length;
  const rest = more > 0 ? paint('quiet', `  … and ${more} more keys; -o json shows them all\n`) : '';
  return heading + tableText([titles, ...rows], paint.columns) + rest;
}

function row({ key, kind, before, after, source, confidence }: Action, paint: OutputStyle): string[] {
  const [sign, tone] = marks[kind];
  return [
    paint(tone, sign),
    terminalText(key),
    before === undefined
      ? paint('quiet', 'absent')
      : 'value' in before
        ? shown(before.value)
        : `a ${before.wrongType}`,
    after === undefined ? paint('quiet', 'absent') : shown(after),
    source,
    confidence === 'low' ? paint('warning', confidence) : confidence,
  ];
}

/** Blank values are common and must not look like nothing. */
function shown(value: string): string {
  return value === '' ? '""' : terminalText(value);
}

function summary(actions: readonly Action[], done: boolean): string {
  const parts = (Object.keys(marks) as ActionKind[]).flatMap((kind) => {
    const count = actions.filter((action) => action.kind === kind).length;
    return count === 0 ? [] : [`${count} ${done || kind === 'Keep' ? '' : 'to be '}${marks[kind][2]}`];
  });
  return parts.join(', ');
}
