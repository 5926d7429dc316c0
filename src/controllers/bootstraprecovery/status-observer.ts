import type { Clock } from '../../async/clock.ts';
import type { Acceptance, RunObserver, RunProgress } from '../../recovery/observer.ts';
import type { Plan } from '../../recovery/plan/plan.ts';
import type { State } from '../../recovery/state/state.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { type StatusDraft, withAcceptance, withPlan, withProgress, withTrusted } from './draft.ts';
import type { RunStatus } from './run-status.ts';

/** Turns what a run tells about itself into its status, through the throttle of {@link RunStatus}. */
export class StatusObserver implements RunObserver {
  readonly #status: RunStatus;
  readonly #clock: Clock;
  #draft: StatusDraft;

  constructor(draft: StatusDraft, status: RunStatus, clock: Clock) {
    this.#draft = draft;
    this.#status = status;
    this.#clock = clock;
  }

  /** Everything learnt so far. */
  get draft(): StatusDraft {
    return this.#draft;
  }

  progress(progress: RunProgress): void {
    this.#become(withProgress(this.#draft, progress, this.#clock.now()));
  }

  trusted(trusted: Trusted, findings: readonly Finding[]): void {
    this.#become(withTrusted(this.#draft, trusted, findings, this.#clock.now()));
  }

  planned(state: State, plan: Plan): void {
    this.#become(withPlan(this.#draft, state, plan));
  }

  accepted(acceptance: Acceptance): void {
    this.#become(withAcceptance(this.#draft, acceptance));
  }

  #become(draft: StatusDraft): void {
    this.#draft = draft;
    this.#status.offer(draft);
  }
}
