import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { bootstrapStates } from '../../../api/resources.ts';
import { APIError } from '../../../kube/client/api-error.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import type { CommandContext } from '../../context.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import { type OutputFlags, writeResult } from '../../output/output.ts';
import { type OutputStyle, paintFor } from '../../output/style.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { wrapText } from '../../output/wrap.ts';
import { type AppName, formatAppName, parseAppName } from '../app-name.ts';
import { awaitRun } from '../await-run.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { createRun } from '../create-run.ts';
import { exitCodeOf, nextStepForReason, succeededOf } from '../run-result.ts';
import type { DiffReport, SettingDifference } from './diff-report.ts';

/** Flags of `diff`. */
export interface DiffFlags extends ClusterFlags, OutputFlags {
  readonly target?: string;
  /** Seconds. */
  readonly timeout: number;
}

/** The run that looked is deleted after an hour. */
const ttlSeconds = 3_600;

const states: Resource<BootstrapState> = bootstrapStates;

/**
 * `diff ADMIN/APP`: what Redis holds against what the metadata tells. A run that only verifies does the work;
 * its plan says what is lost, and the app's BootstrapState which valid settings a recovery would restore
 * otherwise.
 */
export function diffCommand(typed: string, flags: DiffFlags, context: CommandContext): Promise<void> {
  const app = parseAppName(typed);
  return clusterCommand(context, flags, async (connection) => {
    const spec = {
      ...app,
      mode: 'Verify' as const,
      ttlSecondsAfterFinished: ttlSeconds,
      ...(flags.target === undefined ? {} : { targetRef: { name: flags.target } }),
    };
    const created = await createRun(connection, { generateName: 'diff-' }, spec, { signal: context.signal });
    const run = await awaitRun(connection, created.metadata.name, flags.timeout, context);
    const state = await readState(connection, run, context.signal);
    const report = reportOf(app, run, state);
    await writeResult(context, flags.output, report, () => diffText(report, paintFor(context)));
    return exitCodeFor(run, report);
  });
}

function exitCodeFor(run: BootstrapRecovery, { differences }: DiffReport): ExitCode {
  const code = exitCodeOf(run) ?? exitCodes.timedOut;
  return code === exitCodes.done && differences.length > 0 ? exitCodes.recoveryNeeded : code;
}

/** Undefined for an app that no policy guards, and without the right to see it. */
async function readState(
  { api, namespace }: ClusterConnection,
  { spec }: BootstrapRecovery,
  signal: AbortSignal,
): Promise<BootstrapState | undefined> {
  try {
    const { items } = await api.list(states, { namespace, signal });
    return items.find(
      (each) =>
        each.spec.targetRef.name === spec.targetRef.name &&
        each.spec.adminName === spec.adminName &&
        each.spec.appName === spec.appName,
    );
  } catch (error) {
    if (error instanceof APIError) {
      return undefined;
    }
    throw error;
  }
}

/** What a run and the state of its app say together. */
export function reportOf(
  app: AppName,
  run: BootstrapRecovery,
  state: BootstrapState | undefined,
): DiffReport {
  const lost = (run.status.plan?.actions ?? [])
    .filter(({ kind }) => kind !== 'Keep')
    .map(({ key, value }): SettingDifference => ({ key, redis: null, metadata: value ?? null, lost: true }));
  const keys = new Set(lost.map(({ key }) => key));
  const differing = (state?.status.recoverable?.differences ?? [])
    .filter(({ key }) => !keys.has(key))
    .map(
      ({ key, value, wouldBe }): SettingDifference => ({ key, redis: value, metadata: wouldBe, lost: false }),
    );
  const { reason = 'Pending', message = 'No controller has taken it up yet.' } = succeededOf(run) ?? {};
  return {
    app: formatAppName(app),
    run: run.metadata.name,
    state: run.status.state ?? null,
    reason,
    message,
    differences: [...lost, ...differing],
  };
}

function diffText({ app, reason, message, differences }: DiffReport, paint: OutputStyle): string {
  if (differences.length === 0) {
    const next = nextStepForReason(reason);
    return (
      `${terminalText(app)}: ${terminalText(reason)}\n` +
      wrapText(terminalText(message), 2, paint.columns) +
      (next === '' ? '' : wrapText(next, 2, paint.columns))
    );
  }
  const lines = differences.map(({ key, redis, metadata, lost }) => {
    const was = redis === null ? '' : paint('bad', `- ${terminalText(key)}=${terminalText(redis)}\n`);
    const is = metadata === null ? '' : paint('good', `+ ${terminalText(key)}=${terminalText(metadata)}\n`);
    const note = lost ? '' : paint('quiet', '  Redis holds a valid value: a recovery keeps it.\n');
    return was + is + note;
  });
  return `${paint('bad', '--- Redis')}\n${paint('good', '+++ metadata')} of ${terminalText(app)}\n${lines.join('')}`;
}
