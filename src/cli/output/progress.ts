import type { CommandContext } from '../context.ts';
import type { Prompts } from './prompts.ts';

/** Shows how far something is, or what it waits for, and for how long already. */
export interface ProgressDisplay {
  /** Called as often as one likes: drawn at most ten times a second. */
  show(stage: string, completed: number, total: number): void;
  /** What is being waited for; it stays, with the time, until something else is shown. */
  wait(what: string): void;
  /** A line that stays: a retry, an error. */
  say(line: string): void;
  /** Takes the bar away and stops the clock. */
  end(): void;
}

/** What {@link createProgressDisplay} needs of the process. `now` is monotonic, in milliseconds. */
export interface ProgressDisplayOptions extends Pick<CommandContext, 'stderr' | 'interactive'> {
  readonly now?: () => number;
  /** While one of these is open, no bar is drawn. */
  readonly prompts?: Prompts;
}

const DRAW_EVERY_MS = 100;
const TICK_MS = 1_000;
/** A log gets a sign of life this often, so that silence is never a riddle. */
const LOG_EVERY_MS = 10_000;
const BAR_WIDTH = 24;

/**
 * A bar on a terminal; elsewhere a line per stage and one every ten seconds, so that a log says where a run
 * stood when it stopped. Every line carries the time since the start.
 */
export function createProgressDisplay({
  stderr,
  interactive,
  now = () => performance.now(),
  prompts,
}: ProgressDisplayOptions): ProgressDisplay {
  const startedAt = now();
  const elapsed = (): string => `${Math.floor((now() - startedAt) / 1000)} s`;
  return interactive ? bar(stderr, now, elapsed, prompts) : lines(stderr, now, elapsed);
}

function bar(
  stderr: CommandContext['stderr'],
  now: () => number,
  elapsed: () => string,
  prompts: Prompts | undefined,
): ProgressDisplay {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let stage = '';
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  let isDrawn = false;
  const erase = (): void => {
    if (isDrawn) {
      stderr.write('\r\u001b[K');
      isDrawn = false;
    }
  };
  prompts?.onBegin(erase);
  const draw = (): void => {
    drawnAt = now();
    erase();
    if (prompts?.isOpen !== true) {
      stderr.write(`${text}  ${elapsed()}`);
      isDrawn = true;
    }
    timer ??= setInterval(draw, TICK_MS).unref();
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
    erase();
    text = '';
    stage = '';
  };
  return {
    show(shown, completed, total) {
      const changed = shown !== stage;
      stage = shown;
      const filled = total > 0 ? Math.round((completed / total) * BAR_WIDTH) : 0;
      const counts = total > 0 ? ` ${completed}/${total}` : '';
      text = `${shown.padEnd(10)} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}${counts}`;
      if (changed || now() - drawnAt >= DRAW_EVERY_MS || completed >= total) {
        draw();
      }
    },
    wait(what) {
      stage = '';
      text = what;
      draw();
    },
    say(line) {
      stop();
      stderr.write(`${line}  (${elapsed()})\n`);
    },
    end: stop,
  };
}

function lines(stderr: CommandContext['stderr'], now: () => number, elapsed: () => string): ProgressDisplay {
  let stage = '';
  let waiting = '';
  let writtenAt = now();
  let timer: NodeJS.Timeout | undefined;
  const write = (line: string): void => {
    writtenAt = now();
    stderr.write(`${line}  (${elapsed()})\n`);
  };
  const tick = (): void => {
    const silent = now() - writtenAt;
    if (waiting !== '') {
      // Most waits are over within a second and not worth a line.
      write(waiting);
      stage = waiting;
      waiting = '';
    } else if (stage !== '' && silent >= LOG_EVERY_MS) {
      write(`still: ${stage}`);
    }
  };
  return {
    show(shown) {
      waiting = '';
      if (shown !== stage) {
        stage = shown;
        write(`${shown} …`);
      }
      timer ??= setInterval(tick, TICK_MS).unref();
    },
    wait(what) {
      waiting = what === stage ? '' : what;
      timer ??= setInterval(tick, TICK_MS).unref();
    },
    say(line) {
      stage = '';
      waiting = '';
      write(line);
    },
    end() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
