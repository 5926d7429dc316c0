import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { OutputStyle } from '../../output/style.ts';
import { tableText } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { ageText } from '../age.ts';
import { progressBar } from '../progress-bar.ts';
import { exitCodeOf, succeededOf, toneOf } from '../run-result.ts';

/** How {@link runTable} shows runs. */
export interface RunTableOptions {
  readonly paint: OutputStyle;
  /** Draws bars with block characters; otherwise with ASCII, for logs and pipes. */
  readonly blocks: boolean;
  /** Shows the namespace, where runs of several are listed. */
  readonly namespaces: boolean;
  /** Shows more columns: names of objects and the messages of the controller. */
  readonly wide: boolean;
  readonly now: Date;
}

/** Runs as a table, one line each; with a bar for those under way, where there are any. */
export function runTable(
  runs: readonly BootstrapRecovery[],
  { paint, blocks, namespaces, wide, now }: RunTableOptions,
): string {
  const columns: Readonly<Record<string, ((run: BootstrapRecovery) => string) | undefined>> = {
    NAMESPACE: namespaces ? ({ metadata }) => metadata.namespace ?? '' : undefined,
    NAME: ({ metadata }) => metadata.name,
    ADMIN: ({ spec }) => terminalText(spec.adminName),
    APP: ({ spec }) => terminalText(spec.appName),
    MODE: ({ spec }) => spec.mode,
    FOUND: ({ status }) => status.state ?? '-',
    RESULT: (run) => paint(toneOf(run), succeededOf(run)?.reason ?? 'Pending'),
    PROGRESS: runs.some(isUnderWay) ? (run) => progressText(run, blocks) : undefined,
    DURATION: (run) => runDurationText(run, now),
    AGE: ({ metadata }) => ageText(metadata.creationTimestamp, now),
    TARGET: wide ? ({ spec }) => spec.targetRef.name : undefined,
    MESSAGE: wide ? (run) => terminalText(succeededOf(run)?.message || '-') : undefined,
  };
  const shown = Object.entries(columns).flatMap(([title, cell]) =>
    cell === undefined ? [] : [{ title, cell }],
  );
  const rows = runs.map((run) => shown.map(({ cell }) => cell(run)));
  return tableText([shown.map(({ title }) => title), ...rows], paint.columns, 0, 'cut');
}

/** A bar and the stage while the run is under way. */
export function progressText(run: BootstrapRecovery, blocks: boolean): string {
  const { progress } = run.status;
  return progress === undefined || !isUnderWay(run)
    ? '-'
    : `${progressBar(progress.completed, progress.total, blocks)} ${terminalText(progress.summary)}`;
}

/** How long the run took, or takes already; `-` before its first attempt. */
export function runDurationText({ status }: BootstrapRecovery, now: Date): string {
  const { completionTime, startTime } = status;
  return ageText(startTime, completionTime === undefined ? now : new Date(completionTime));
}

function isUnderWay(run: BootstrapRecovery): boolean {
  return exitCodeOf(run) === undefined;
}
