import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { clusterCommand } from './cluster-command.ts';
import { describeRun } from './description.ts';
import { getRun } from './get-run.ts';
import { exitCodeOf } from './verdict.ts';
import { type WaitFlags, waitFor } from './wait.ts';

/** Flags of `approve`. */
export interface ApproveFlags extends WaitFlags {
  /** The plan that was read; without it, the plan as it is now is shown and approved. */
  readonly digest?: string;
  readonly wait?: true;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/**
 * `approve NAME`: lets a run apply exactly the plan it shows. What is approved is a digest, so a
 * plan that changes between reading and applying waits again.
 */
export function approve(name: string, flags: ApproveFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    const digest = plannedDigest(run, flags.digest);
    if (flags.digest === undefined && flags.output === 'human') {
      context.stdout.write(`${describeRun(run, context.color, new Date())}\n`);
    }
    await connection.api.patch(
      runs,
      { namespace: connection.namespace, name },
      { type: 'merge', body: { spec: { approvedPlan: digest } } },
      { signal: context.signal, fieldManager: 'kubectl-tuf-recovery' },
    );
    context.stderr.write(`approved plan ${digest} of ${name}\n`);
    if (flags.wait !== true) {
      return exitCodes.done;
    }
    return exitCodeOf(await waitFor(connection, name, flags, context)) ?? exitCodes.timedOut;
  });
}

function plannedDigest(run: BootstrapRecovery, wanted: string | undefined): string {
  const { name } = run.metadata;
  const planned = run.status.plan?.digest;
  if (exitCodeOf(run) !== undefined) {
    throw new TerminalError('InvalidInput', `${name} has ended already; there is nothing left to approve.`);
  }
  if (run.spec.approval !== 'Manual') {
    throw new TerminalError(
      'InvalidInput',
      `${name} needs no approval: its spec.approval is ${run.spec.approval}.`,
    );
  }
  if (planned === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `${name} has no plan yet. Wait for it: kubectl tuf-recovery wait ${name}`,
    );
  }
  if (wanted !== undefined && wanted !== planned) {
    throw new TerminalError(
      'InvalidInput',
      `The plan of ${name} is ${planned} now, not ${wanted}. Read it again: kubectl tuf-recovery describe ${name}`,
    );
  }
  return planned;
}
