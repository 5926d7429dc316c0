import type { SucceededReason } from '../api/reasons.ts';
import { type Ending, finalEnding } from './ending.ts';
import type { Acceptance } from './observer.ts';
import type { Action, Plan } from './plan/plan.ts';
import { isEmpty } from './plan/planner.ts';
import type { RunRequest } from './request.ts';
import type { ObservedState } from './state/observed-state.ts';
import type { State } from './state/state.ts';

/** What R6 weighs. */
export interface AttemptFacts {
  readonly state: State;
  readonly observed: ObservedState;
  readonly plan: Plan;
  /** This task may have written before: whatever is there, it must still be proven and recorded. */
  readonly owesProof: boolean;
  readonly request: Pick<RunRequest, 'mode' | 'strategy' | 'approval' | 'uncertainValues'>;
}

/** R6: the run ends here, waits for the lock of another owner, or continues to write. */
export type AttemptDecision =
  | {
      readonly kind: 'end';
      readonly ending: Ending;
      readonly accepted: Acceptance | undefined;
    }
  | { readonly kind: 'wait'; readonly accepted: Acceptance }
  | { readonly kind: 'go'; readonly accepted: Acceptance };

type Check = (facts: AttemptFacts) => AttemptDecision | undefined;

/** The first check with an answer decides. What forbids a run comes before what makes it needless. */
const checks: readonly Check[] = [corrupt, inProgress, verifyOnly, locked, nothingToDo, unapproved];

export function decideAttempt(facts: AttemptFacts): AttemptDecision {
  for (const check of checks) {
    const decision = check(facts);
    if (decision !== undefined) {
      return decision;
    }
  }
  const writes = countWrites(facts.plan);
  return {
    kind: 'go',
    accepted: required(`${facts.state}: ${writes} of ${facts.plan.actions.length} keys need work.`),
  };
}

function corrupt({ observed: { corrupt: keys } }: AttemptFacts): AttemptDecision | undefined {
  const [first] = keys;
  if (first === undefined) {
    return undefined;
  }
  const more = keys.length > 1 ? ` and ${keyCount(keys.length - 1)} more hold` : ' holds';
  return stop(
    'CorruptType',
    `${first}${more} something other than a string. Look at what wrote it; overrides.replaceWrongType: true replaces it.`,
    { reason: 'Denied', message: `${first} is no string.` },
  );
}

function inProgress({ observed: { bootstrap } }: AttemptFacts): AttemptDecision | undefined {
  if (bootstrap?.alive !== true) {
    return undefined;
  }
  const message = `Bootstrap already in progress for this admin and app (task_id=${bootstrap.id}).`;
  return stop(
    'BootstrapInProgress',
    `${message} Wait for it to end; a bootstrap that shows no life for overrides.staleAfterSeconds counts as dead.`,
    { reason: 'BootstrapInProgress', message, blockingTask: bootstrap.id },
  );
}

function locked({ observed: { lockedBy } }: AttemptFacts): AttemptDecision | undefined {
  if (lockedBy === undefined) {
    return undefined;
  }
  return { kind: 'wait', accepted: inRecovery(lockedBy) };
}

function inRecovery(lockedBy: string): Acceptance {
  const message = `Recovery ${lockedBy} holds the lock of this app.`;
  return { reason: 'RecoveryInProgress', message, blockingTask: lockedBy };
}

function verifyOnly({
  plan,
  state,
  observed: { lockedBy },
  request,
}: AttemptFacts): AttemptDecision | undefined {
  if (request.mode !== 'Verify') {
    return undefined;
  }
  if (isEmpty(plan)) {
    return stop('Verified', 'Metadata and Redis agree.', notRequired());
  }
  const now = lockedBy === undefined ? '' : ` Recovery ${lockedBy} holds the lock of this app now.`;
  return stop(
    'DriftDetected',
    `${state}: a recovery would write ${keyCount(countWrites(plan))}.${now}`,
    lockedBy === undefined ? undefined : inRecovery(lockedBy),
  );
}

function nothingToDo({ plan, owesProof, request }: AttemptFacts): AttemptDecision | undefined {
  if (!isEmpty(plan) || owesProof || request.strategy === 'Always') {
    return undefined;
  }
  return stop('AlreadyConsistent', 'Every setting is present and valid; nothing was written.', notRequired());
}

function unapproved({ plan, observed, request }: AttemptFacts): AttemptDecision | undefined {
  const { approval, uncertainValues } = request;
  const [uncertain, ...more] = uncertainValues === 'Ask' ? uncertainActions(plan, observed) : [];
  const isAsked = approval.kind === 'Manual' || uncertain !== undefined;
  if (!isAsked || isEmpty(plan) || approval.approvedPlan === plan.digest) {
    return undefined;
  }
  const waits =
    approval.approvedPlan === undefined
      ? `The plan ${plan.digest} waits for approval.`
      : `The plan has changed since ${approval.approvedPlan} was approved: it is ${plan.digest} now and waits for approval.`;
  const message =
    uncertain === undefined
      ? waits
      : `${uncertain.key} = ${uncertain.after} is uncertain${uncertain.doubt === undefined ? '' : `, it was ${uncertain.doubt.candidates.join(' or ')}`}${more.length === 0 ? '' : `, and ${more.length} more are`}. ${waits} Approve it, or give the values in overrides.expirations of a new run.`;
  return {
    kind: 'end',
    ending: { succeeded: { reason: 'AwaitingApproval', message }, retry: 'wait' },
    accepted: required(message),
  };
}

/** Values that are no more than probable and that the server signs with. */
function uncertainActions({ actions }: Plan, { settings }: ObservedState): readonly Action[] {
  const shown = new Set(
    settings.filter(({ setting }) => setting.displayOnly).map(({ setting }) => setting.key),
  );
  return actions.filter(({ key, confidence }) => confidence === 'low' && !shown.has(key));
}

function stop(reason: SucceededReason, message: string, accepted: Acceptance | undefined): AttemptDecision {
  return { kind: 'end', ending: finalEnding(reason, message), accepted };
}

function required(message: string): Acceptance {
  return { reason: 'RecoveryRequired', message };
}

function notRequired(): Acceptance {
  return {
    reason: 'NotRequired',
    message: 'Recovery not required: Redis state is already complete and consistent.',
  };
}

function keyCount(count: number): string {
  return count === 1 ? '1 key' : `${count} keys`;
}

function countWrites({ actions }: Plan): number {
  return actions.filter(({ kind }) => kind !== 'Keep').length;
}
