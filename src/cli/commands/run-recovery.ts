import { randomUUID } from 'node:crypto';
import type { SucceededReason } from '../../api/reasons.ts';
import { systemClock } from '../../async/clock.ts';
import { assertApp, describeApp } from '../../faynosync/app.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { RunRequest } from '../../recovery/request.ts';
import { runAttempt } from '../../recovery/run.ts';
import { describeEndpoint } from '../../redis/endpoint.ts';
import { RedisStateStore } from '../../redis/redis-state-store.ts';
import { openLocation } from '../../storage/open.ts';
import type { S3Access } from '../../storage/s3/s3-options.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { knownAppsHint } from '../kubectl/app-name.ts';
import { appLocation } from '../options/app-location.ts';
import { overridesOf, type RecoveryFlags } from '../options/recovery-options.ts';
import { readRedisEndpoint } from '../options/redis-options.ts';
import { readS3Access, storageLimits } from '../options/storage-options.ts';
import { readRecoveryTrust } from '../options/trust.ts';
import { exitCodeFor, outcomeJSON } from '../output/outcome-json.ts';
import { outcomeText } from '../output/outcome-text.ts';
import { writeResult } from '../output/output.ts';
import { createProgressDisplay, type ProgressDisplay } from '../output/progress.ts';
import { paintFor } from '../output/style.ts';
import { appsInStorage } from './apps-in-storage.ts';
import { pauseText, runToEnd } from './attempts.ts';

/**
 * Runs the engine for one app and shows the result. Everything the command line can be wrong about is found
 * before the first connection is opened.
 *
 * @throws {TerminalError} `InvalidInput`
 */
export async function runRecovery(
  mode: RunRequest['mode'],
  flags: RecoveryFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const app = { adminName: flags.admin, appName: flags.app };
  assertApp(app);
  const trust = await readRecoveryTrust(flags);
  const endpoint = await readRedisEndpoint(flags, context.env.redis);
  const location = await appLocation(flags.storage, context.env.s3.bucket, app);
  const s3 = location.kind === 's3' ? await readS3Access(flags, context.env) : undefined;
  const { source, close } = await openLocation(location, { s3, limits: storageLimits(flags) });
  const store = new RedisStateStore(endpoint);
  const progress = createProgressDisplay(context);
  progress.wait(`Reading ${source.location}`);
  const deadline = new Date(systemClock.now().getTime() + flags.timeout * 1_000);
  const request: Omit<RunRequest, 'now'> = {
    taskID: flags.taskId ?? randomUUID(),
    app,
    mode,
    strategy: flags.always ? 'Always' : 'IfNeeded',
    approval:
      flags.approve === undefined ? { kind: 'Automatic' } : { kind: 'Manual', approvedPlan: flags.approve },
    uncertainValues: flags.uncertainValues,
    overrides: overridesOf(flags),
    refuseUnknownRoles: true,
    trust,
    source,
    store,
    minReplicas: flags.redisMinReplicas ?? 0,
    deadline,
    lockWaitMs: flags.lockWait * 1_000,
    clock: systemClock,
    signal: context.signal,
    observer: observerFor(progress),
  };
  const now = (): Date => flags.referenceTime ?? systemClock.now();
  try {
    const outcome = await runToEnd(
      (resumed, end) => runAttempt({ ...request, resumed, deadline: end, now: now() }),
      {
        backoffLimit: flags.backoffLimit,
        deadline,
        clock: systemClock,
        signal: context.signal,
        random: Math.random,
        onPause: (failed: Outcome, waitMs) => progress.say(pauseText(failed, waitMs)),
      },
    );
    progress.end();
    const setting = {
      app: describeApp(app),
      storage: source.location,
      redis: describeEndpoint(endpoint),
      now: now(),
    };
    await writeResult(context, flags.output, outcomeJSON(outcome), () =>
      outcomeText(outcome, setting, paintFor(context)),
    );
    if (missingApp.has(outcome.succeeded.reason)) {
      await sayKnownApps(flags.storage, s3, context);
    }
    const interrupted = outcome.succeeded.reason === 'Cancelled' && context.signal.aborted;
    return interrupted ? exitCodes.interrupted : exitCodeFor(outcome.succeeded.reason);
  } finally {
    progress.end();
    close();
    await store.close();
  }
}

/** Reasons of an app that is not there. */
const missingApp: ReadonlySet<SucceededReason> = new Set(['SourceNotBootstrapped', 'SourceNotFound']);

/** An app without a root is misspelt more often than it is new. */
async function sayKnownApps(
  storage: string | undefined,
  s3: S3Access | undefined,
  { env, signal, stderr }: CommandContext,
): Promise<void> {
  const apps = await appsInStorage(storage, env.s3.bucket, s3, signal);
  if (apps !== undefined && apps.length > 0) {
    stderr.write(`${knownAppsHint(apps)}\n`);
  }
}

/** Only the progress is shown while a run is under way; the rest stands in its outcome. */
function observerFor(progress: ProgressDisplay): RunRequest['observer'] {
  return {
    progress: ({ stage, completed, total }) => progress.show(stage, completed, total),
    trusted: () => {},
    planned: () => {},
    accepted: () => {},
  };
}
