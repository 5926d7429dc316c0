import type { Verdict } from '../api/conditions.ts';
import type { StateReason, TrustReason } from '../api/reasons.ts';
import type { RunStep } from '../api/run-steps.ts';
import type { ServerFacts } from '../redis/state-store.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { Trusted, Verification } from '../tuf/verify/verification.ts';
import { type Ending, finalEnding } from './ending.ts';
import type { Acceptance, RunStage } from './observer.ts';
import type { Outcome, StateVerification } from './outcome.ts';
import type { Plan } from './plan/plan.ts';
import { isEmpty } from './plan/planner.ts';
import type { Recoverability } from './recoverability.ts';
import type { RunRequest } from './request.ts';
import { type RunFindingCode, redisFindings, runFinding } from './run-findings.ts';
import type { ObservedState } from './state/observed-state.ts';
import type { State } from './state/state.ts';
import { StepTimes } from './step-times.ts';

/**
 * Collects what an attempt learns, step by step, tells the observer, and makes the outcome. Decides nothing.
 */
export class OutcomeBuilder {
  readonly #request: RunRequest;
  readonly #steps: StepTimes;
  #stage: RunStage = 'Trust';
  #accepted: Acceptance | undefined;
  #trust: Verdict<TrustReason> = { reason: 'NotChecked', message: 'The metadata was not verified.' };
  #stateVerified: Verdict<StateReason> = { reason: 'NotChecked', message: 'Redis was not read.' };
  #state: State | undefined;
  #plan: Plan | undefined;
  /** The plan that was last sent to Redis: once it is there, the next one is empty and tells nothing. */
  #attempted: Plan | undefined;
  #trusted: Trusted | undefined;
  #verification: StateVerification | undefined;
  #recoverability: Recoverability | undefined;
  #trustFindings: readonly Finding[] = [];
  #serverFindings: readonly Finding[] = [];
  #planFindings: readonly Finding[] = [];
  readonly #ownFindings: Finding[] = [];

  constructor(request: RunRequest) {
    this.#request = request;
    this.#steps = new StepTimes(request.clock);
  }

  /** Where the run is and what it last said about being needed, for the message of a deadline. */
  get stageText(): string {
    const waiting = this.#accepted?.reason === 'RecoveryInProgress' ? `: ${this.#accepted.message}` : '.';
    return `stage ${this.#stage}${waiting}`;
  }

  progress(stage: RunStage, completed: number, total: number): void {
    this.#stage = stage;
    this.#steps.begin(stage);
    this.#request.observer.progress({ stage, completed, total });
  }

  /** A step begins that is too short to be watched. */
  begin(step: RunStep): void {
    this.#steps.begin(step);
  }

  /** R2. */
  verified({ verdict, trusted, findings }: Verification): void {
    this.#trusted = trusted;
    this.#trustFindings = findings;
    this.#trust =
      verdict === 'trusted'
        ? { reason: 'MetadataVerified', message: 'The chain verifies from the trusted root to every role.' }
        : { reason: 'MetadataRefused', message: findings[0]?.detail ?? 'The chain does not verify.' };
    if (trusted !== undefined) {
      this.#request.observer.trusted(trusted, findings);
    }
  }

  /** A state that is known without a look at the settings. */
  found(state: State | undefined): void {
    this.#state ??= state;
  }

  /** R4 and R5: the state as found, and what would be done about it. */
  planned(state: State, plan: Plan, findings: readonly Finding[]): void {
    if (this.#attempted !== undefined && isEmpty(plan)) {
      return;
    }
    this.#state = state;
    // A running bootstrap will write all of this itself: a plan would only mislead.
    if (state === 'InProgress') {
      return;
    }
    this.progress('Plan', plan.actions.length, plan.actions.length);
    if (this.#plan?.digest !== plan.digest) {
      this.#request.observer.planned(state, plan);
    }
    this.#plan = plan;
    this.#planFindings = findings;
  }

  /** R8: from here on this is the plan that was carried out, unless another one follows. */
  attempted(plan: Plan): void {
    if (!isEmpty(plan)) {
      this.#attempted = plan;
    }
  }

  accepted(verdict: Acceptance | undefined): void {
    if (verdict === undefined) {
      return;
    }
    if (this.#accepted?.reason !== verdict.reason) {
      this.#request.observer.accepted(verdict);
    }
    this.#accepted = verdict;
  }

  /** What the keys held when they were read last: in R3, or in R9 when something was written. */
  read({ marker, markerHeld, settings }: ObservedState): void {
    const marked = marker.kind === 'done' ? 'valid' : markerHeld.kind === 'absent' ? 'missing' : 'invalid';
    const conditions = [marked, ...settings.map(({ condition }) => condition)];
    const checkedKeys = conditions.length;
    const missingKeys = conditions.filter((condition) => condition === 'missing').length;
    const validKeys = conditions.filter((condition) => condition === 'valid').length;
    const invalidKeys = checkedKeys - missingKeys - validKeys;
    this.#verification = {
      checkedKeys,
      missingKeys,
      invalidKeys,
      verifiedAt: this.#request.clock.now(),
    };
    const message = `${validKeys} of ${checkedKeys} keys are valid, ${missingKeys} missing, ${invalidKeys} invalid.`;
    const reason = missingKeys > 0 ? 'KeysMissing' : invalidKeys > 0 ? 'KeysInvalid' : 'Consistent';
    this.#stateVerified = { reason, message };
  }

  /** What a recovery from storage alone would give. */
  drilled(recoverability: Recoverability | undefined): void {
    this.#recoverability = recoverability;
  }

  server(facts: ServerFacts): void {
    this.#serverFindings = redisFindings(facts);
  }

  /** A finding about how the run itself went. */
  add(code: RunFindingCode, what: string): void {
    this.#ownFindings.push(runFinding(code, 'redis', what));
  }

  /** The end after R10 of a run that wrote, now or in an attempt that died. */
  recovered(): Ending {
    const actions = this.#plan?.actions ?? [];
    const written = actions.filter(({ kind }) => kind !== 'Keep').length;
    const what =
      written === 0
        ? 'An earlier attempt of this task wrote what was lost'
        : `${written === 1 ? '1 key was' : `${written} keys were`} written, ${actions.length - written} kept`;
    return finalEnding('Recovered', `${what}; all were read back and are valid.`);
  }

  /** The end after R10 of a run that had nothing to write and proved it under the lock. */
  consistent(): Ending {
    return finalEnding('AlreadyConsistent', 'Every setting is present and valid; nothing was written.');
  }

  end({ succeeded, retry, error }: Ending): Omit<Outcome, 'lockWaitMs'> {
    return {
      taskID: this.#request.taskID,
      succeeded,
      accepted: this.#accepted,
      trustVerified: this.#trust,
      stateVerified: this.#stateVerified,
      state: this.#state,
      plan: this.#plan,
      trusted: this.#trusted,
      verification: this.#verification,
      recoverability: this.#recoverability,
      // The verifier's come sorted and only they can refuse, so they stand first.
      findings: [
        ...this.#trustFindings,
        ...this.#ownFindings,
        ...this.#serverFindings,
        ...this.#planFindings,
      ],
      steps: this.#steps.end(),
      retry,
      error,
    };
  }
}
