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
 * Apps, one line each: healthy, recoverable, when checked, what expires first. Wide, as a table with titles,
 * and with names and messages.
 */
export function appTable(
  states: readonly BootstrapState[],
  { paint, namespaces, wide, now }: AppTableOptions,
): string {
  // What is the same in every line says nothing.
  const targets = wide || new Set(states.map(({ spec }) => spec.targetRef.name)).size > 1;
  const columns: Readonly<Record<string, ((state: BootstrapState) => string) | undefined>> = {
    NAMESPACE: namespaces ? ({ metadata }) => metadata.namespace ?? '' : undefined,
    APP: ({ spec }) => terminalText(formatAppName(spec)),
    TARGET: targets ? ({ spec }) => terminalText(spec.targetRef.name) : undefined,
    HEALTH: (state) => healthText(state, paint),
    RECOVERABLE: (state) => recoverableText(state, paint),
    CHECKED: (state) => checkedText(state, now),
    EXPIRES: (state) => expiryText(state, paint, now),
    STATE: wide ? ({ metadata }) => metadata.name : undefined,
    MESSAGE: wide ? messageText : undefined,
  };
  const shown = Object.entries(columns).flatMap(([title, cell]) =>
    cell === undefined ? [] : [{ title, cell }],
  );
  const rows = states.map((state) => shown.map(({ cell }) => cell(state)));
  return tableText(wide ? [shown.map(({ title }) => title), ...rows] : rows, paint.columns, 0);
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

function recoverableText({ status }: BootstrapState, paint: OutputStyle): string {
  if (status.recoverable === undefined) {
    return '-';
  }
  const tone = recoverableTones[findCondition(status.conditions, 'Recoverable')?.status ?? ''] ?? 'warning';
  return paint(tone, `${terminalText(status.recoverable.summary)} recoverable`);
}

function checkedText({ status }: BootstrapState, now: Date): string {
  return status.lastVerificationTime === undefined
    ? 'never checked'
    : `checked ${spacedAge(status.lastVerificationTime, now)} ago`;
}

/** Which metadata of the app expires first, and in how long, or since when it has. */
function expiryText({ status }: BootstrapState, paint: OutputStyle, now: Date): string {
  const { freshUntilTime, metadata, conditions } = status;
  if (freshUntilTime === undefined) {
    return '-';
  }
  const [role] = Object.entries(metadata ?? {}).find(([, each]) => each.expiresTime === freshUntilTime) ?? [];
  const what = role === 'delegated' ? metadata?.delegated?.role : role;
  const subject = terminalText(what ?? 'metadata');
  const until = new Date(freshUntilTime);
  if (until.getTime() <= now.getTime()) {
    return paint('bad', `${subject} expired ${spacedAge(freshUntilTime, now)} ago`);
  }
  const text = `${subject} expires in ${spacedAge(now.toISOString(), until)}`;
  const isSoon = findCondition(conditions, 'Fresh')?.reason === 'ExpiresSoon';
  return isSoon ? paint('warning', text) : text;
}

/** In a sentence: `2 d 3 h`. */
function spacedAge(from: string, now: Date): string {
  return ageText(from, now).replace(/(?<=\d)(?=[smhd])|(?<=[smhd])(?=\d)/g, ' ');
}
