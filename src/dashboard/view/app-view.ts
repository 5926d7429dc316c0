import { awaitsApproval } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { findCondition } from '../../api/condition.ts';
import { cardOf } from './card.ts';
import { chainLinks } from './chain.ts';
import type { AppFacts } from './facts.ts';
import type { ApprovalView, AppView } from './model.ts';
import { settingsView } from './settings.ts';
import { type ReportAnswer, runViewOf } from './timeline.ts';

/** Runs in the timeline. */
const SHOWN_RUNS = 5;

/** Gives the report of a run, as far as it is known at this moment. */
export type ReportReader = (run: BootstrapRecovery) => ReportAnswer;

/** One app, in full. */
export function appView(
  facts: AppFacts,
  needs: readonly string[],
  reportOf: ReportReader,
  now: Date,
): AppView {
  const { state, runs } = facts;
  const shown = runs.slice(0, SHOWN_RUNS);
  const planned = shown.find(({ status }) => status.plan !== undefined);
  const verified = shown.find(({ status }) => status.trust !== undefined);
  const [ofPlan, ofChain] = [planned, verified].map((run) => readReport(run, reportOf));
  return {
    kind: 'app',
    card: cardOf(facts, now),
    messages: ['Healthy', 'Recoverable', 'Fresh'].flatMap((type) => {
      const { status, message = '' } = findCondition(state?.status.conditions, type) ?? {};
      return status === 'True' || message === '' ? [] : [message];
    }),
    needs,
    chain: chainLinks(state, verified, ofChain, now),
    omittedRoles: ofChain?.omittedRoles ?? 0,
    settings: settingsView(state, planned, ofPlan, now),
    runs: shown.map((run) => runViewOf(run, reportOf(run), now)),
    omittedRuns: runs.length - shown.length,
    approvals: runs.flatMap((run) => (awaitsApproval(run) ? approvalOf(run) : [])),
  };
}

function readReport(run: BootstrapRecovery | undefined, reportOf: ReportReader) {
  const answer = run === undefined ? undefined : reportOf(run);
  return answer?.kind === 'read' ? answer.report : undefined;
}

function approvalOf({ metadata, status: { plan } }: BootstrapRecovery): readonly ApprovalView[] {
  if (plan === undefined) {
    return [];
  }
  const { digest, creates, replaces, persists, deletes, keeps } = plan;
  const counts = [
    [creates, 'to create'],
    [replaces, 'to replace'],
    [persists, 'to free of a time to live'],
    [deletes, 'to delete'],
    [keeps, 'to keep'],
  ] as const;
  return [
    {
      namespace: metadata.namespace ?? 'default',
      name: metadata.name,
      digest,
      writes: creates + replaces + persists + deletes,
      summary: counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])).join(', '),
    },
  ];
}
