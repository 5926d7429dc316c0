import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { CommandContext } from '../context.ts';
import { terminalText } from '../terminal-text.ts';
import { progressBar } from './progress-bar.ts';
import { exitCodeOf, succeededOf } from './verdict.ts';

const clearLine = '\r\x1b[2K';

/**
 * One run's progress on standard error: a line redrawn in place for a person, one line per change of what it does for
 * a log. Says nothing once the run has ended: the result is told by the command.
 */
export class ProgressLine {
  readonly #context: CommandContext;
  #said = '';

  constructor(context: CommandContext) {
    this.#context = context;
  }

  show(run: BootstrapRecovery): void {
    if (exitCodeOf(run) !== undefined) return;
    const { interactive, stderr } = this.#context;
    const reason = succeededOf(run)?.reason ?? 'Pending';
    const { progress } = run.status;
    if (interactive) {
      const bar =
        progress === undefined
          ? ''
          : `${progressBar(progress.completed, progress.total, true)} ${progress.summary} `;
      stderr.write(`${clearLine}${terminalText(`${run.metadata.name}: ${bar}${reason}`)}`);
      return;
    }
    const line = terminalText(
      [run.metadata.name, reason, progress?.stage].filter((part) => part !== undefined).join(': '),
    );
    if (line !== this.#said) stderr.write(`${line}\n`);
    this.#said = line;
  }

  /** Takes the redrawn line away. */
  [Symbol.dispose](): void {
    if (this.#context.interactive) this.#context.stderr.write(clearLine);
  }
}
