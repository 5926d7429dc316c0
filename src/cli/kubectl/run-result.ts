import { succeededOf } from '../../api/bootstraprecovery/run-result.ts';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { type ReasonDoc, succeededReasons } from '../../api/reasons.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Tone } from '../output/style.ts';

export { awaitsApproval, succeededOf } from '../../api/bootstraprecovery/run-result.ts';

/** The exit code a finished run stands for; undefined while it is under way. */
export function exitCodeOf(run: BootstrapRecovery): ExitCode | undefined {
  const succeeded = succeededOf(run);
  if (succeeded?.status === 'True') {
    return exitCodes.done;
  }
  if (succeeded?.status !== 'False') {
    return undefined;
  }
  switch (succeeded.reason) {
    case 'DriftDetected':
      return exitCodes.recoveryNeeded;
    case 'DeadlineExceeded':
      return exitCodes.timedOut;
    default:
      return exitCodes.failed;
  }
}

/** How a run's result is shown. */
export function toneOf(run: BootstrapRecovery): Tone {
  switch (succeededOf(run)?.status) {
    case 'True':
      return 'good';
    case 'False':
      return 'bad';
    default:
      return 'warning';
  }
}

/** What the vocabulary tells to do about a reason; empty for nothing, and for one of a newer controller. */
export function nextStepForReason(reason: string): string {
  const docs: Readonly<Record<string, ReasonDoc>> = succeededReasons;
  return Object.hasOwn(docs, reason) ? (docs[reason]?.next ?? '') : '';
}
