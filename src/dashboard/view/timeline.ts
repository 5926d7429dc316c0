import { awaitsApproval, succeededOf } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { isTerminal } from '../../api/conditions.ts';
import { runSteps } from '../../api/run-steps.ts';
import { activityOf } from './card.ts';
import { isUnderWay } from './facts.ts';
import type { Badge, RunView, StepView } from './model.ts';
import type { RunReport } from './report.ts';
import { agoText, stepDurationText } from './time-text.ts';

/** Names, as far as a controller of another version writes the same. */
const stepNames: readonly string[] = runSteps;

/** A report, or why there is none to see yet or ever. */
export type ReportAnswer =
  | { readonly kind: 'read'; readonly report: RunReport }
  | { readonly kind: 'reading' }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly message: string };

/** One run with its ten steps. */
export function runViewOf(run: BootstrapRecovery, answer: ReportAnswer, now: Date): RunView {
  const { metadata, spec, status } = run;
  const { message = 'No controller has seen it yet.' } = succeededOf(run) ?? {};
  const hasEnded = isTerminal(status.conditions ?? []);
  const note = noteOf(answer, hasEnded);
  return {
    name: metadata.name,
    mode: spec.mode,
    result: resultOf(run),
    message,
    created: agoText(metadata.creationTimestamp, now) ?? 'at an unknown time',
    createdTime: metadata.creationTimestamp ?? '',
    duration: durationOf(run, hasEnded, now),
    steps: answer.kind === 'read' && !isUnderWay(run) ? reported(run, answer.report) : watched(run),
    ...(isUnderWay(run) && { progress: activityOf(run) }),
    ...(note !== undefined && { note }),
  };
}

function resultOf(run: BootstrapRecovery): Badge {
  const { status = 'Unknown', reason = 'Pending' } = succeededOf(run) ?? {};
  const tone = { True: 'good', False: 'bad', Unknown: awaitsApproval(run) ? 'warning' : 'info' } as const;
  return { tone: tone[status], text: reason };
}

function noteOf(answer: ReportAnswer, hasEnded: boolean): string | undefined {
  switch (answer.kind) {
    case 'read':
      return answer.report.steps.length === 0
        ? 'Its report does not tell how long each step took.'
        : undefined;
    case 'reading':
      return 'The report is being read.';
    case 'failed':
      return `The report can't be read: ${answer.message}`;
    case 'none':
      return hasEnded ? 'A run that found nothing to do keeps no report of its steps.' : undefined;
  }
}

function durationOf({ status }: BootstrapRecovery, hasEnded: boolean, now: Date): string {
  const start = Date.parse(status.startTime ?? '');
  const end = hasEnded ? Date.parse(status.completionTime ?? '') : now.getTime();
  if (Number.isNaN(start) || Number.isNaN(end)) {
    return hasEnded ? 'not started' : 'not started yet';
  }
  // The API keeps whole seconds.
  const seconds = Math.max(0, Math.floor((end - start) / 1000));
  return seconds === 0 ? 'less than a second' : stepDurationText(seconds * 1000);
}

/** Of an attempt that ended, every step it got to is known. */
function reported(run: BootstrapRecovery, { steps }: RunReport): readonly StepView[] {
  const times = new Map(steps.map(({ step, milliseconds }) => [step, milliseconds]));
  const last = stepNames.findLastIndex((step) => times.has(step));
  const hasFailed = succeededOf(run)?.status === 'False' && succeededOf(run)?.reason !== 'DriftDetected';
  return stepNames.map((step, index) => {
    const milliseconds = times.get(step);
    if (milliseconds === undefined) {
      return { step, state: 'pending', text: 'not reached' };
    }
    const state = hasFailed && index === last ? 'failed' : 'done';
    return { step, state, milliseconds, text: stepDurationText(milliseconds) };
  });
}

/** Of a run under way the status tells the step it is in; of others, that is where it stopped. */
function watched(run: BootstrapRecovery): readonly StepView[] {
  const { status } = run;
  const isDone = succeededOf(run)?.status === 'True';
  const running = isUnderWay(run);
  const stage = status.progress?.stage;
  const current = isDone ? stepNames.length : stepNames.indexOf(stage ?? '');
  return stepNames.map((step, index) => {
    if (index < current) {
      return { step, state: 'done', text: 'done' };
    }
    if (index === current && running) {
      return { step, state: 'current', text: status.progress?.summary ?? 'under way' };
    }
    return index === current
      ? { step, state: 'done', text: 'reached' }
      : { step, state: 'pending', text: running ? 'to come' : 'not reached' };
  });
}
