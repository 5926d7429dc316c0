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

/** Apps as a table, one line each: healthy, recoverable, when checked, how long its metadata stays valid. */
export function appTable(
  states: readonly BootstrapState[],
  { paint, namespaces, wide, now }: AppTableOptions,
): string {
  const wideTitles = wide ? ['STATE', 'MESSAGE'] : [];
  const titles = ['APP', 'TARGET', 'HEALTH', 'RECOVERABLE', 'CHECKED', 'FRESH FOR', ...wideTitles];
  const rows = states.map((state) => {
    const cells = [
      terminalText(formatAppName(state.spec)),
      terminalText(state.spec.targetRef.name),
      healthText(state, paint),
      recoverableText(state, paint),
      checkedText(state, now),
      freshText(state, paint, now),
      ...(wide ? [state.metadata.name, messageText(state)] : []),
    ];
    return namespaces ? [state.metadata.namespace ?? '', ...cells] : cells;
  });
  return tableText([namespaces ? ['NAMESPACE', ...titles] : titles, ...rows], paint.columns, 0);
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
  return paint(tone, terminalText(status.recoverable.summary));
}

function checkedText({ status }: BootstrapState, now: Date): string {
  return status.lastVerificationTime === undefined
    ? 'never'
    : `${ageText(status.lastVerificationTime, now)} ago`;
}

/** How long until the first metadata of the app expires, or since when it has. */
function freshText({ status }: BootstrapState, paint: OutputStyle, now: Date): string {
  const { freshUntilTime } = status;
  if (freshUntilTime === undefined) {
    return '-';
  }
  const until = new Date(freshUntilTime);
  if (until.getTime() <= now.getTime()) {
    return paint('bad', `expired ${ageText(freshUntilTime, now)} ago`);
  }
  const left = ageText(now.toISOString(), until);
  const isSoon = findCondition(status.conditions, 'Fresh')?.reason === 'ExpiresSoon';
  return isSoon ? paint('warning', left) : left;
}
