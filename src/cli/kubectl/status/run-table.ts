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

/** Runs as a table, one line each, with a bar for those under way. */
export function runTable(
  runs: readonly BootstrapRecovery[],
  { paint, blocks, namespaces, wide, now }: RunTableOptions,
): string {
  const wideTitles = wide ? ['TARGET', 'MESSAGE'] : [];
  const titles = ['NAME', 'ADMIN', 'APP', 'MODE', 'FOUND', 'RESULT', 'PROGRESS', 'AGE', ...wideTitles];
  const rows = runs.map((run) => {
    const { metadata, spec, status } = run;
    const cells = [
      metadata.name,
      terminalText(spec.adminName),
      terminalText(spec.appName),
      spec.mode,
      status.state ?? '-',
      paint(toneOf(run), succeededOf(run)?.reason ?? 'Pending'),
      progressText(run, blocks),
      ageText(metadata.creationTimestamp, now),
      ...(wide ? [spec.targetRef.name, terminalText(succeededOf(run)?.message || '-')] : []),
    ];
    return namespaces ? [metadata.namespace ?? '', ...cells] : cells;
  });
  return tableText([namespaces ? ['NAMESPACE', ...titles] : titles, ...rows], paint.columns, 0);
}

/** A bar and the stage while the run is under way, how long it took once it has ended. */
export function progressText(run: BootstrapRecovery, blocks: boolean): string {
  const { completionTime, startTime, progress } = run.status;
  if (exitCodeOf(run) !== undefined) {
    return completionTime === undefined || startTime === undefined
      ? 'done'
      : `done in ${ageText(startTime, new Date(completionTime))}`;
  }
  if (progress === undefined) {
    return '-';
  }
  return `${progressBar(progress.completed, progress.total, blocks)} ${terminalText(progress.summary)}`;
}
