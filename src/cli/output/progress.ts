import type { CommandContext } from '../context.ts';

/** Shows how far something is. */
export interface Progress {
  /** Called as often as one likes: drawn at most ten times a second. */
  show(stage: string, completed: number, total: number): void;
  /** A line that stays: a retry, a wait. */
  say(line: string): void;
  /** Takes the bar away. */
  end(): void;
}

const drawEveryMs = 100;
const barWidth = 24;

/** A bar on a terminal; elsewhere one line per stage, so that a log says where a run stood when it stopped. */
export function progressTo({ stderr, interactive }: CommandContext): Progress {
  return interactive ? bar(stderr) : lines(stderr);
}

function bar(stderr: CommandContext['stderr']): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawnStage = '';
  const erase = () => stderr.write('\r\u001b[K');
  return {
    show(stage, completed, total) {
      const now = performance.now();
      if (stage === drawnStage && now - drawnAt < drawEveryMs && completed < total) {
        return;
      }
      drawnAt = now;
      drawnStage = stage;
      const filled = total > 0 ? Math.round((completed / total) * barWidth) : 0;
      const counts = total > 0 ? ` ${completed}/${total}` : '';
      erase();
      stderr.write(`${stage.padEnd(10)} ${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}${counts}`);
    },
    say(line) {
      erase();
      stderr.write(`${line}\n`);
      drawnStage = '';
    },
    end() {
      if (drawnStage !== '') {
        erase();
      }
      drawnStage = '';
    },
  };
}

function lines(stderr: CommandContext['stderr']): Progress {
  let shown = '';
  return {
    show(stage) {
      if (stage === shown) {
        return;
      }
      shown = stage;
      stderr.write(`${stage} …\n`);
    },
    say: (line) => stderr.write(`${line}\n`),
    end: () => {},
  };
}
