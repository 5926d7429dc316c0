import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { terminalText } from '../terminal-text.ts';
import { age } from './age.ts';
import { progressBar } from './progress-bar.ts';
import { styled } from './style.ts';
import { table } from './table.ts';
import { exitCodeOf, styleOf, succeededOf } from './verdict.ts';

/** How {@link runTable} shows runs. */
export interface RunTableOptions {
  readonly color: boolean;
  /** Shows the namespace, where runs of several are listed. */
  readonly namespaces: boolean;
  readonly now: Date;
}

/** Runs as a table, one line each, with a bar for those under way. */
export function runTable(
  runs: readonly BootstrapRecovery[],
  { color, namespaces, now }: RunTableOptions,
): string {
  const header = ['NAME', 'ADMIN', 'APP', 'MODE', 'STATE', 'RESULT', 'PROGRESS', 'AGE'];
  const rows = runs.map((run) => {
    const { metadata, spec, status } = run;
    const cells = [
      metadata.name,
      spec.adminName,
      spec.appName,
      spec.mode,
      status.state ?? '-',
      succeededOf(run)?.reason ?? 'Pending',
      progressOf(run, color),
      age(metadata.creationTimestamp, now),
    ].map(terminalText);
    cells[5] = styled(color, styleOf(run), cells[5] ?? '');
    return namespaces ? [metadata.namespace ?? '', ...cells] : cells;
  });
  return table(namespaces ? ['NAMESPACE', ...header] : header, rows);
}

/** A bar and the stage while the run is under way, how long it took once it has ended. */
export function progressOf({ status, ...rest }: BootstrapRecovery, fine: boolean): string {
  if (exitCodeOf({ ...rest, status }) !== undefined) {
    const end = status.completionTime === undefined ? undefined : new Date(status.completionTime);
    return end === undefined ? 'done' : `done in ${age(status.startTime, end)}`;
  }
  const { progress } = status;
  if (progress === undefined) return '-';
  return `${progressBar(progress.completed, progress.total, fine)} ${progress.summary}`;
}
