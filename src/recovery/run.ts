import { inTurns, nextTurn } from '../async/in-turns.ts';
import { assertApp } from '../faynosync/app.ts';
import { findRoleKeyCollision } from '../faynosync/collisions.ts';
import type { MetadataSource } from '../storage/source.ts';
import { EarlierVersions } from '../tuf/verify/earlier-versions.ts';
import type { Trusted, Verification } from '../tuf/verify/verification.ts';
import { verify } from '../tuf/verify/verify.ts';
import type { AttemptContext } from './attempt.ts';
import { lackOfProof } from './confirm.ts';
import { decideAttempt } from './decide.ts';
import {
  type Ending,
  endingOfAbort,
  endingOfError,
  finalEnding,
  isRedisError,
  lockedEnding,
  lockWaitExpired,
} from './ending.ts';
import type { Outcome } from './outcome.ts';
import { OutcomeBuilder } from './outcome-builder.ts';
import { assertKnownRoles } from './overrides/unknown-roles.ts';
import { withLegacyRootRenamed } from './plan/legacy-root.ts';
import { isEmpty, planRecovery } from './plan/planner.ts';
import type { Evidence } from './plan/sources.ts';
import { withHistory } from './read-history.ts';
import { recoverabilityOf } from './recoverability.ts';
import { RedisSession } from './redis-session.ts';
import type { RunRequest } from './request.ts';
import { RunDeadline } from './run-deadline.ts';
import { planFindings } from './run-findings.ts';
import { appsThere, endingNamingApps } from './state/apps-there.ts';
import { classify } from './state/classify.ts';
import { evidenceOf, expectedStateOf } from './state/expected-state.ts';
import { type ObservedState, observedStateOf } from './state/observed-state.ts';
import { refusalOf } from './trust.ts';
import { bootstrapFilesIn, isUnfinished, traceBootstrapInRedis } from './unfinished-bootstrap.ts';

/** How often a plan is made anew because something moved under it. */
const MAX_REPLANS = 5;

/**
 * One attempt of a recovery, R2 to R10 of the ten steps in docs/concepts.md; R1, resolving references, is the
 * caller's. This file is the only place that knows the order of the steps.
 *
 * Idempotent: an attempt that died anywhere is started again with the same task id. While another recovery
 * holds the lock it waits, outside of its own time, or ends with `WaitingForLock`, as the request says. It
 * never throws for what can go wrong with storage, Redis or the app: that is the outcome. What it does throw
 * is a bug, or comes from the caller's own `beforeLock`.
 *
 * @example
 * const { succeeded } = await runAttempt(request);
 * succeeded.reason; // 'Recovered'
 */
export async function runAttempt(request: RunRequest): Promise<Outcome> {
  using limit = new RunDeadline(request);
  const report = new OutcomeBuilder(request);
  const attempt: AttemptContext = { request, report, limit, signal: limit.signal };
  const ending = await endAttempt(attempt, () => trustThenRecover(attempt));
  return { ...report.end(ending), lockWaitMs: limit.lockWaitMs };
}

async function trustThenRecover(attempt: AttemptContext): Promise<Ending> {
  assertApp(attempt.request.app);
  const source = withLegacyRootRenamed(attempt.request.source);
  const verification = await trust(attempt, source);
  const { trusted } = verification;
  if (trusted === undefined) {
    return refuse(attempt, verification);
  }
  await nextTurn();
  const collision = await inTurns(findRoleKeyCollision(trusted.delegatedNames));
  await nextTurn();
  if (collision !== undefined) {
    attempt.report.accepted({ reason: 'Denied', message: collision.detail });
    return finalEnding('KeyCollision', collision.detail);
  }
  if (attempt.request.refuseUnknownRoles === true) {
    assertKnownRoles(attempt.request.overrides, trusted.delegatedNames);
  }
  await nextTurn();
  await using session = new RedisSession(attempt, expectedStateOf(attempt.request, trusted));
  const ending = await endAttempt(attempt, () =>
    recover(attempt, session, evidenceReader(attempt, source, verification, trusted)),
  );
  await session.abandon(ending);
  return ending;
}

/** What lost values can be rebuilt from, with as much of the history as what is observed needs. */
type EvidenceReader = (observed: ObservedState) => Promise<Evidence>;

function evidenceReader(
  { request, signal }: AttemptContext,
  source: MetadataSource,
  verification: Verification,
  trusted: Trusted,
): EvidenceReader {
  const versions = new EarlierVersions(source, trusted.root);
  let evidence: Evidence | undefined;
  return async ({ settings }) => {
    evidence ??= await evidenceOf(request, verification, trusted);
    const lost =
      request.drill === true ? settings : settings.filter(({ condition }) => condition !== 'valid');
    const wanted = lost.map(({ setting }) => setting);
    evidence = await withHistory(evidence, wanted, versions, verification.listing, signal);
    return evidence;
  };
}

/** R2: the chain at one fixed time. Redis is not asked before the bucket is believed. */
async function trust(
  { request, report, signal }: AttemptContext,
  source: MetadataSource,
): Promise<Verification> {
  report.progress('Trust', 0, 0);
  const verification = await verify(source, {
    ...request.trust,
    now: request.now,
    signal,
    onProgress: (completed, total) => report.progress('Trust', completed, total),
  });
  report.verified(verification);
  return verification;
}

async function refuse(attempt: AttemptContext, verification: Verification): Promise<Ending> {
  const { request, report, signal } = attempt;
  const { listing, findings } = verification;
  const files = await bootstrapFilesIn(listing);
  const trace = isUnfinished(files) ? await traceBootstrapInRedis(attempt, listing, files) : undefined;
  const { state, ending, accepted } = refusalOf(findings, files, request, trace);
  report.found(state);
  report.accepted(accepted);
  return state === 'NeverBootstrapped'
    ? endingNamingApps(ending, await appsThere(request.source, signal))
    : ending;
}

/** R3 to R10. Whatever moved under a plan, the next one is made from what is there now. */
async function recover(
  { request, report, limit, signal }: AttemptContext,
  session: RedisSession,
  evidenceFor: EvidenceReader,
): Promise<Ending> {
  const { expected } = session;
  let trouble: Ending | undefined;
  let replans = 0;

  await session.observe(); // R3
  // Its own lock, left behind or known to have been near: an earlier attempt of this task may have written
  // and died before it could prove it.
  let owesProof =
    request.mayHaveWritten === true || (await inTurns(observedStateOf(session.values, expected))).lockIsOurs;
  for (;;) {
    const observed = await inTurns(observedStateOf(session.values, expected, session.surroundings));
    owesProof ||= request.resumed === true && hasWritten(observed, request);
    report.begin('Classify');
    const state = classify(observed); // R4
    report.begin('Plan');
    const evidence = await evidenceFor(observed);
    const plan = await inTurns(planRecovery(observed, expected, evidence)); // R5
    report.planned(state, plan, await inTurns(planFindings(plan, observed, expected, evidence)));
    report.read(observed);
    if (request.drill === true) {
      report.drilled(await inTurns(recoverabilityOf(observed, evidence)));
    }

    report.begin('Decide');
    const decision = decideAttempt({ state, observed, plan, owesProof, request }); // R6
    report.accepted(decision.accepted);
    if (decision.kind === 'end') {
      return decision.ending;
    }
    if (trouble !== undefined && replans > MAX_REPLANS) {
      return trouble;
    }
    signal.throwIfAborted(); // the last safe point before the proof
    if (decision.kind === 'wait') {
      if (request.onForeignLock === 'return') {
        return lockedEnding(decision.accepted.message);
      }
      if (!(await limit.waitForLock(() => session.waitForLock()))) {
        return lockWaitExpired(decision.accepted.message, limit.lockWaitMs);
      }
      continue;
    }
    if (!session.holdsLock) {
      report.begin('Lock');
      await session.lock(); // R7; then plan again from what is there behind the lock
      continue;
    }

    owesProof ||= !isEmpty(plan);
    const written = await session.write(plan); // R8, with the read-back
    if (written.kind === 'failed') {
      return written.ending;
    }
    const readBack = await inTurns(observedStateOf(session.values, expected));
    trouble =
      written.kind === 'again'
        ? written.trouble
        : await inTurns(lackOfProof({ plan, readBack: session.values, observed: readBack })); // R9
    if (trouble === undefined) {
      report.read(readBack);
      const recorded = await session.record(); // R10
      if (recorded || replans >= MAX_REPLANS) {
        return owesProof ? report.recovered() : report.consistent();
      }
    }
    replans += 1;
  }
}

/**
 * Whether an attempt of this task was made and has written: it left the marker, or, beside a marker that
 * survived, the record of its success. With `Always` there is such a record where nothing was lost, too.
 */
function hasWritten(
  { markerIsOurs, recordIsOurs }: ObservedState,
  { strategy }: Pick<RunRequest, 'strategy'>,
): boolean {
  return markerIsOurs || (recordIsOurs && strategy !== 'Always');
}

/** Turns what a step throws into the end of the attempt. */
async function endAttempt(
  { request, report, signal }: AttemptContext,
  steps: () => Promise<Ending>,
): Promise<Ending> {
  try {
    return await steps();
  } catch (error) {
    if (request.signal.aborted) {
      return endingOfAbort(request.signal.reason);
    }
    if (signal.aborted) {
      return finalEnding(
        'DeadlineExceeded',
        `The time given by timeoutSeconds ran out in ${report.stageText}`,
      );
    }
    const ending = endingOfError(error);
    if (isRedisError(ending.error)) {
      report.found('Unreachable');
    }
    return ending;
  }
}
