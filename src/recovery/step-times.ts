import { type RunStep, runSteps } from '../api/run-steps.ts';
import type { Clock } from '../async/clock.ts';

/** How long an attempt spent in one step. */
export interface StepTime {
  readonly step: RunStep;
  /** When it was entered for the first time. */
  readonly startTime: Date;
  /** In all: a plan that is made anew repeats some of them. */
  readonly milliseconds: number;
  /** How often it was entered. */
  readonly times: number;
}

/** Measures the steps of one attempt. Exactly one is under way from the first {@link begin} on. */
export class StepTimes {
  readonly #clock: Clock;
  readonly #times = new Map<RunStep, StepTime>();
  #current: RunStep | undefined;
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the step under way and enters this one; no change when it is under way already. */
  begin(step: RunStep): void {
    if (step === this.#current) {
      return;
    }
    this.#end();
    const { startTime = this.#clock.now(), milliseconds = 0, times = 0 } = this.#times.get(step) ?? {};
    this.#times.set(step, { step, startTime, milliseconds, times: times + 1 });
    this.#current = step;
    this.#since = this.#clock.monotonic();
  }

  /** Ends the step under way, and returns every step that was entered, in the order of {@link runSteps}. */
  end(): readonly StepTime[] {
    this.#end();
    return runSteps.flatMap((step) => this.#times.get(step) ?? []);
  }

  #end(): void {
    const entered = this.#current === undefined ? undefined : this.#times.get(this.#current);
    if (entered !== undefined) {
      const milliseconds = entered.milliseconds + (this.#clock.monotonic() - this.#since);
      this.#times.set(entered.step, { ...entered, milliseconds });
    }
    this.#current = undefined;
  }
}
