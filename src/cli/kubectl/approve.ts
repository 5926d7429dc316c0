import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { TerminalError } from '../../errors.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { writeResult } from '../output/output.ts';
import { paintFor } from '../output/style.ts';
import { clusterCommand } from './cluster-command.ts';
import type { ClusterConnection } from './connection.ts';
import { describeRun } from './description.ts';
import { getRun } from './get-run.ts';
import { plainObject } from './plain-object.ts';
import { exitCodeOf } from './run-result.ts';
import { type WaitFlags, waitAndPrintResult } from './wait.ts';

/** Flags of `approve`. */
export interface ApproveFlags extends WaitFlags {
  /** The plan that was read. */
  readonly digest?: string;
  /** Approves the plan as it is now, unread. */
  readonly yes?: true;
  readonly wait?: true;
}

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/**
 * `approve NAME`: lets a run apply exactly the plan it shows. What is approved is a digest, so a
 * plan that changes between reading and applying waits again.
 */
export function approveCommand(name: string, flags: ApproveFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const run = await getRun(connection, name, context.signal);
    const digest = plannedDigest(run, flags.digest);
    if (flags.digest === undefined && !(await isConfirmed(run, flags, context))) {
      context.stderr.write(`Nothing was approved. ${name} still waits.\n`);
      return exitCodes.failed;
    }
    const approved = await writeApproval(connection, name, digest, context.signal);
    context.stderr.write(`approved plan ${digest} of ${name}\n`);
    if (flags.wait !== true) {
      await writeResult(context, flags.output, plainObject(approved), () => '');
      return exitCodes.done;
    }
    return exitCodeOf(await waitAndPrintResult(connection, name, flags, context)) ?? exitCodes.timedOut;
  });
}

/**
 * Approves exactly the plan that was read, for a person who saw its digest elsewhere.
 *
 * @throws {TerminalError} `InvalidInput` when that is not the plan the run waits with.
 */
export async function approvePlan(
  connection: ClusterConnection,
  name: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const run = await getRun(connection, name, signal);
  await writeApproval(connection, name, plannedDigest(run, digest), signal);
}

function writeApproval(
  { api, namespace }: ClusterConnection,
  name: string,
  digest: string,
  signal: AbortSignal,
): Promise<BootstrapRecovery> {
  return api.patch(
    runs,
    { namespace, name },
    { type: 'merge', body: { spec: { approvedPlan: digest } } },
    { signal, fieldManager: 'kubectl-tuf-recovery' },
  );
}

/**
 * The plan is shown to the person who decides: on a terminal it is asked for, elsewhere --yes must say so.
 */
async function isConfirmed(
  run: BootstrapRecovery,
  flags: ApproveFlags,
  context: CommandContext,
): Promise<boolean> {
  if (flags.yes !== true && context.confirm === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `Approve a plan that was read with --digest ${run.status.plan?.digest}, or unread with --yes. ` +
        `Read it: kubectl tuf-recovery describe ${run.metadata.name}`,
    );
  }
  if (flags.output === 'human') {
    context.stdout.write(`${describeRun(run, paintFor(context), new Date())}\n`);
  }
  if (flags.yes === true || context.confirm === undefined) {
    return true;
  }
  const { creates = 0, replaces = 0, persists = 0, deletes = 0 } = run.status.plan ?? {};
  const writes = creates + replaces + persists + deletes;
  return await context.confirm(`Apply ${writes === 1 ? 'this write' : `these ${writes} writes`}?`);
}

function plannedDigest(run: BootstrapRecovery, wanted: string | undefined): string {
  const { name } = run.metadata;
  const planned = run.status.plan?.digest;
  if (exitCodeOf(run) !== undefined) {
    throw new TerminalError('InvalidInput', `${name} has ended: nothing is left to approve.`);
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
