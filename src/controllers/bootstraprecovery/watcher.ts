import type { Clock } from '../../async/clock.ts';
import type { Acceptance, Progress, RunObserver } from '../../recovery/observer.ts';
import type { Plan } from '../../recovery/plan/plan.ts';
import type { State } from '../../recovery/state/state.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { accepting, type Draft, planned, progressed, trusting } from './draft.ts';
import type { RunStatus } from './run-status.ts';

/** Turns what a run tells about itself into its status, through the throttle of {@link RunStatus}. */
export class RunWatcher implements RunObserver {
  readonly #status: RunStatus;
  readonly #clock: Clock;
  #draft: Draft;

  constructor(draft: Draft, status: RunStatus, clock: Clock) {
    this.#draft = draft;
    this.#status = status;
    this.#clock = clock;
  }

  /** Everything learnt so far. */
  get draft(): Draft {
    return this.#draft;
  }

  progress(progress: Progress): void {
    this.#become(progressed(this.#draft, progress, this.#clock.now()));
  }

  trusted(trusted: Trusted, findings: readonly Finding[]): void {
    this.#become(trusting(this.#draft, trusted, findings, this.#clock.now()));
  }

  planned(state: State, plan: Plan): void {
    this.#become(planned(this.#draft, state, plan));
  }

  accepted(acceptance: Acceptance): void {
    this.#become(accepting(this.#draft, acceptance));
  }

  #become(draft: Draft): void {
    this.#draft = draft;
    this.#status.offer(draft);
  }
}
