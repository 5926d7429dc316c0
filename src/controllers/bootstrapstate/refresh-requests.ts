import type { Logger } from 'pino';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { sleep } from '../../async/sleep.ts';
import type { App } from '../../faynosync/app.ts';
import { BackgroundCalls, type RefreshCallResult } from '../refresh/background.ts';
import { Refresher, type RefresherOptions } from '../refresh/refresher.ts';
import type { StatusWriterDependencies } from '../status/status-writer.ts';
import type { RefreshStep } from './refresh-step.ts';

/** Milliseconds between two questions to a server how a task of it goes. */
const taskPollMs = 500;

/** Options of {@link RefreshRequests}. */
export type RefreshRequestsOptions = RefresherOptions & Pick<StatusWriterDependencies, 'assertLeading'>;

/** The requests to servers to sign again, one for each app: sent and followed beside the reconciles. */
export class RefreshRequests {
  readonly #options: RefreshRequestsOptions;
  readonly #refresher: Refresher;
  readonly #calls: BackgroundCalls;

  /** @param done called with the id of an app when its server has answered */
  constructor(options: RefreshRequestsOptions, done: (id: string) => void) {
    this.#options = options;
    this.#refresher = new Refresher(options);
    this.#calls = new BackgroundCalls(done);
  }

  /** What came of the last call for an app, until it is {@link settled}. */
  result(id: string): RefreshCallResult | undefined {
    return this.#calls.result(id);
  }

  /** The status says what follows from a result: a write that fails or is refused must not lose it. */
  settled(id: string, result: RefreshCallResult | undefined): void {
    if (result !== undefined) {
      this.#calls.drop(id, result);
    }
  }

  forget(id: string): void {
    this.#calls.forget(id);
  }

  /**
   * Sends the request that a step has ordered, or asks how it goes. Call it once the status is written that
   * holds the request: after a crash the next process continues from there.
   *
   * @returns whether a call was started; `done` is called when it has ended
   */
  start(
    id: string,
    target: RecoveryTarget,
    app: App,
    { refresh, isNew, isSigned }: RefreshStep,
    logger: Logger,
    signal: AbortSignal,
  ): boolean {
    const { clock, assertLeading } = this.#options;
    if (refresh === undefined) {
      return false;
    }
    if (isNew) {
      assertLeading();
      const send = async () => ({
        kind: 'sent' as const,
        refresh: await this.#refresher.send(target, app, refresh, logger, signal),
      });
      this.#calls.start(id, send, signal);
      return true;
    }
    if (refresh.state !== 'UnderWay' || isSigned) {
      return false;
    }
    const ask = async () => {
      await sleep(clock, taskPollMs, signal);
      return { kind: 'task' as const, task: await this.#refresher.task(target, app, refresh, signal) };
    };
    this.#calls.start(id, ask, signal);
    return true;
  }
}
