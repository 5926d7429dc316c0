import { stripVTControlCharacters } from 'node:util';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../../api/condition.ts';
import type { OutputStyle, Tone } from '../../output/style.ts';
import { tableText } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { ageText } from '../age.ts';
import { formatAppName } from '../app-name.ts';

/** How {@link appTable} shows apps. */
export interface AppTableOptions {
  readonly paint: OutputStyle;
  /** Shows the namespace, where apps of several are listed. */
  readonly namespaces: boolean;
  /** Shows more columns: names of objects and the messages of the controller. */
  readonly wide: boolean;
  readonly now: Date;
}

/**
 * Apps, one line each, in words: healthy, recoverable, when checked, what expires first. Where that does not
 * fit the terminal, and wide, a table with titles; wide also with names and messages.
 */
export function appTable(states: readonly BootstrapState[], options: AppTableOptions): string {
  const { paint, wide } = options;
  const { rows } = cellsOf(states, options, true);
  const lines = tableText(rows, undefined, 0);
  const width = Math.max(...lines.split('\n').map((line) => stripVTControlCharacters(line).length));
  if (!wide && width <= (paint.columns ?? Number.POSITIVE_INFINITY)) {
    return lines;
  }
  const table = cellsOf(states, options, false);
  return tableText([table.titles, ...table.rows], paint.columns, 0, 'cut');
}

/** @param inWords cells that need no title above them */
function cellsOf(
  states: readonly BootstrapState[],
  { paint, namespaces, wide, now }: AppTableOptions,
  inWords: boolean,
): { readonly titles: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  // What is the same in every line says nothing.
  const targets = wide || new Set(states.map(({ spec }) => spec.targetRef.name)).size > 1;
  const columns: Readonly<Record<string, ((state: BootstrapState) => string) | undefined>> = {
    NAMESPACE: namespaces ? ({ metadata }) => metadata.namespace ?? '' : undefined,
    APP: ({ spec }) => terminalText(formatAppName(spec)),
    TARGET: targets ? ({ spec }) => terminalText(spec.targetRef.name) : undefined,
    HEALTH: (state) => healthText(state, paint),
    RECOVERABLE: (state) => recoverableText(state, paint, inWords),
    CHECKED: (state) => checkedText(state, now, inWords),
    EXPIRES: (state) => expiryText(state, paint, now, inWords),
    STATE: wide ? ({ metadata }) => metadata.name : undefined,
    MESSAGE: wide ? messageText : undefined,
  };
  const shown = Object.entries(columns).flatMap(([title, cell]) =>
    cell === undefined ? [] : [{ title, cell }],
  );
  return {
    titles: shown.map(({ title }) => title),
    rows: states.map((state) => shown.map(({ cell }) => cell(state))),
  };
}

/** `Healthy`, what was found instead, or why that is not known. */
function healthText({ status }: BootstrapState, paint: OutputStyle): string {
  const healthy = findCondition(status.conditions, 'Healthy');
  switch (healthy?.status) {
    case 'True':
      return paint('good', 'Healthy');
    case 'False':
      return paint('bad', terminalText(status.state ?? healthy.reason));
    default:
      return paint('warning', terminalText(healthy?.reason ?? 'NotVerified'));
  }
}

function messageText({ status }: BootstrapState): string {
  return terminalText(findCondition(status.conditions, 'Healthy')?.message || '-');
}

const recoverableTones: Readonly<Record<string, Tone>> = { True: 'good', False: 'bad' };

function recoverableText({ status }: BootstrapState, paint: OutputStyle, inWords: boolean): string {
  if (status.recoverable === undefined) {
    return '-';
  }
  const tone = recoverableTones[findCondition(status.conditions, 'Recoverable')?.status ?? ''] ?? 'warning';
  return paint(tone, `${terminalText(status.recoverable.summary)}${inWords ? ' recoverable' : ''}`);
}

function checkedText({ status }: BootstrapState, now: Date, inWords: boolean): string {
  const checked = inWords ? 'checked' : '';
  return status.lastVerificationTime === undefined
    ? `never ${checked}`.trim()
    : `${checked} ${spacedAge(status.lastVerificationTime, now)} ago`.trim();
}

/** Which metadata of the app expires first, and in how long, or since when it has. */
function expiryText({ status }: BootstrapState, paint: OutputStyle, now: Date, inWords: boolean): string {
  const { freshUntilTime, metadata, conditions } = status;
  if (freshUntilTime === undefined) {
    return '-';
  }
  const [role] = Object.entries(metadata ?? {}).find(([, each]) => each.expiresTime === freshUntilTime) ?? [];
  const what = role === 'delegated' ? metadata?.delegated?.role : role;
  const subject = terminalText(what ?? 'metadata');
  const until = new Date(freshUntilTime);
  if (until.getTime() <= now.getTime()) {
    return paint('bad', `${subject}${inWords ? ' expired' : ''} ${spacedAge(freshUntilTime, now)} ago`);
  }
  const text = `${subject}${inWords ? ' expires' : ''} in ${spacedAge(now.toISOString(), until)}`;
  const isSoon = findCondition(conditions, 'Fresh')?.reason === 'ExpiresSoon';
  return isSoon ? paint('warning', text) : text;
}

/** In a sentence: `2 d 3 h`. */
function spacedAge(from: string, now: Date): string {
  return ageText(from, now).replace(/(?<=\d)(?=[smhd])|(?<=[smhd])(?=\d)/g, ' ');
}
