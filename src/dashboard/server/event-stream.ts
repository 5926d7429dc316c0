import type { ServerResponse } from 'node:http';
import type { Clock } from '../../async/clock.ts';

/** Milliseconds that changes are collected before they are sent. */
const COLLECT_MS = 100;
/** How often the model is made anew without a change: what it says of times grows old. */
const TICK_MS = 1_000;

/** What a stream is fed with. */
export interface EventStreamOptions {
  /** Makes what is to be shown now. */
  readonly model: () => unknown;
  /** Calls back after every change; returns what ends that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/**
 * Server-sent events of one page: the whole model, whenever it differs from what was sent last. What a slow
 * reader has not taken is never queued: it gets the newest model once it has.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  #sent = '';
  #isDue = false;
  #cancelTimer: () => void = () => undefined;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
  }

  /** Sends until the reader goes away or the signal aborts. */
  async run(): Promise<void> {
    const { signal, onChange } = this.#options;
    const response = this.#response;
    const closed = new Promise<void>((resolve) => {
      response.once('close', resolve);
    });
    const end = (): void => {
      response.end();
    };
    signal.addEventListener('abort', end, { once: true });
    response.on('drain', () => this.#send());
    const stop = onChange(() => this.#schedule(COLLECT_MS));
    this.#send();
    if (signal.aborted) {
      end();
    }
    await closed;
    stop();
    this.#cancelTimer();
    signal.removeEventListener('abort', end);
  }

  #schedule(delayMs: number): void {
    if (this.#isDue) {
      return;
    }
    this.#isDue = delayMs === COLLECT_MS;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#send());
  }

  #send(): void {
    this.#isDue = false;
    if (this.#response.writableEnded || this.#response.destroyed) {
      return;
    }
    if (!this.#response.writableNeedDrain) {
      const text = JSON.stringify(this.#options.model());
      if (text !== this.#sent) {
        this.#sent = text;
        this.#response.write(`data: ${text}\n\n`);
      }
    }
    this.#schedule(TICK_MS);
  }
}
