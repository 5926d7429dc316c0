import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { OutputStyle } from '../../output/style.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { wrapText } from '../../output/wrap.ts';
import { exitCodeOf } from '../run-result.ts';
import { appTable } from './app-table.ts';
import type { AppsAndRuns } from './apps-and-runs.ts';
import { type PendingAction, pendingActions } from './pending-actions.ts';
import { runTable } from './run-table.ts';

/** How {@link overviewText} shows a situation. */
export interface OverviewOptions {
  readonly paint: OutputStyle;
  /** Draws bars with block characters; otherwise with ASCII, for logs and pipes. */
  readonly blocks: boolean;
  /** Shows the namespace, where several are listed. */
  readonly namespaces: boolean;
  /** Shows more columns: names of objects and the messages of the controller. */
  readonly wide: boolean;
  readonly now: Date;
}

/** Finished runs that are shown; those under way are shown in any case. */
const mostEnded = 20;

/** Apps, what needs a person, and the last runs; a part without content is left out. */
export function overviewText(situation: AppsAndRuns, options: OverviewOptions): string {
  const { paint, namespaces, now } = options;
  const needs = pendingActions(situation, now);
  const parts = [
    situation.states.length === 0 ? '' : appTable(situation.states, options),
    needs.length === 0
      ? ''
      : `${paint('warning', 'Needs you')}\n${needs.map((each) => needText(each, namespaces, paint)).join('')}`,
    situation.runs.length === 0 ? '' : lastRuns(situation.runs, options),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function needText({ app, namespace, text }: PendingAction, namespaces: boolean, paint: OutputStyle): string {
  const subject = namespaces ? `${namespace}  ${app}` : app;
  return `  ${paint('strong', terminalText(subject))}\n${wrapText(terminalText(text), 4, paint.columns)}`;
}

function lastRuns(runs: readonly BootstrapRecovery[], options: OverviewOptions): string {
  const ended = runs
    .filter((run) => exitCodeOf(run) !== undefined)
    .toSorted((a, b) => (createdAt(a) < createdAt(b) ? 1 : Number(createdAt(a) > createdAt(b)) * -1));
  const older = new Set(ended.slice(mostEnded));
  const note =
    older.size === 0
      ? ''
      : options.paint(
          'quiet',
          `… and ${older.size} older ${older.size === 1 ? 'run' : 'runs'}; -o json has all\n`,
        );
  return `${runTable(
    runs.filter((run) => !older.has(run)),
    options,
  )}${note}`;
}

/** RFC 3339 in UTC, as the API server writes it: text order is time order. */
function createdAt({ metadata }: BootstrapRecovery): string {
  return metadata.creationTimestamp ?? '';
}
