import type { CommandContext } from '../context.ts';
import { createProgressDisplay, type ProgressDisplay } from '../output/progress.ts';

/** Where {@link SlowAnswers} writes. */
export type SlowAnswersContext = Pick<CommandContext, 'stderr' | 'interactive'>;

/** Most requests are answered within it, and none of them is worth a line. */
const patienceMs = 2_000;

/**
 * Says on standard error that a request waits for the API server, and for how long: a list may take a minute
 * before it fails.
 */
export class SlowAnswers {
  readonly #server: string;
  readonly #context: SlowAnswersContext;
  #pending = 0;
  #paused = 0;
  #timer: NodeJS.Timeout | undefined;
  #display: ProgressDisplay | undefined;

  constructor(server: string, context: SlowAnswersContext) {
    this.#server = new URL(server).host;
    this.#context = context;
  }

  /** A request begins to wait. The wait is over when the result is disposed of. */
  wait(): Disposable {
    this.#pending += 1;
    this.#update();
    return {
      [Symbol.dispose]: () => {
        this.#pending -= 1;
        this.#update();
      },
    };
  }

  /** Says nothing until the result is disposed of, because another display says what is waited for. */
  pause(): Disposable {
    this.#paused += 1;
    this.#update();
    return {
      [Symbol.dispose]: () => {
        this.#paused -= 1;
        this.#update();
      },
    };
  }

  #update(): void {
    if (this.#pending === 0 || this.#paused > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#display?.end();
      this.#display = undefined;
    } else if (this.#display === undefined) {
      const display = createProgressDisplay(this.#context);
      this.#display = display;
      this.#timer = setTimeout(
        () => display.wait(`Waiting for the API server ${this.#server}`),
        patienceMs,
      ).unref();
    }
  }
}
