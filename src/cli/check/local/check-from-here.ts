import { TerminalError } from '../../../errors.ts';
import { assertApp } from '../../../faynosync/app.ts';
import { openLocation } from '../../../storage/open.ts';
import type { S3Access } from '../../../storage/s3/s3-options.ts';
import { appsInStorage } from '../../commands/apps-in-storage.ts';
import type { CommandContext } from '../../context.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { type AppName, formatAppName, knownAppsHint, parseAppName } from '../../kubectl/app-name.ts';
import { appLocation } from '../../options/app-location.ts';
import { readRedisEndpoint } from '../../options/redis-options.ts';
import { readS3Access, storageLimits } from '../../options/storage-options.ts';
import { readRecoveryTrust } from '../../options/trust.ts';
import { createProgressDisplay } from '../../output/progress.ts';
import type { CheckFlags } from '../check-flags.ts';
import { writeChecklist } from '../checklist.ts';
import { checkRedis } from './redis-checks.ts';
import { checkStorage } from './storage-checks.ts';

/**
 * `check ADMIN/APP` without Kubernetes: the storage, then Redis, as a run from here would reach them.
 *
 * @throws {TerminalError} `InvalidInput`; nothing has been asked then
 */
export async function checkFromHere(
  typed: string | undefined,
  flags: CheckFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (typed === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'Name the app to check, for example: tuf-recovery check alice/tuf --storage s3://updates',
    );
  }
  const app = parseAppName(typed);
  assertApp(app);
  const hasAnchor =
    flags.rootSha256 !== undefined || flags.root !== undefined || flags.trustOnFirstUse === true;
  const trust = hasAnchor ? await readRecoveryTrust(flags) : undefined;
  const endpoint = await readRedisEndpoint(flags, context.env.redis);
  const location = await appLocation(flags.storage, context.env.s3.bucket, app);
  const s3 = location.kind === 's3' ? await readS3Access(flags, context.env) : undefined;
  const { source, close } = await openLocation(location, { s3, limits: storageLimits(flags) });
  const progress = createProgressDisplay(context);
  progress.wait(`Reading ${source.location}`);
  try {
    const { items, trusted } = await checkStorage(
      source,
      trust,
      flags.referenceTime ?? new Date(),
      context.signal,
    );
    progress.wait('Asking Redis');
    const ofRedis = await checkRedis(endpoint, app, trusted?.delegatedNames ?? [], context.signal);
    progress.end();
    if (items.some(({ result }) => result === 'failed')) {
      await sayKnownApps(app, flags.storage, s3, context);
    }
    return await writeChecklist([...items, ...ofRedis], flags, context);
  } finally {
    progress.end();
    close();
  }
}

/** An app that is not in the storage is misspelt more often than it is new. */
async function sayKnownApps(
  app: AppName,
  storage: string | undefined,
  s3: S3Access | undefined,
  { env, signal, stderr }: CommandContext,
): Promise<void> {
  const apps = (await appsInStorage(storage, env.s3.bucket, s3, signal)) ?? [];
  const name = formatAppName(app);
  if (apps.length > 0 && !apps.some((each) => formatAppName(each) === name)) {
    stderr.write(`${name} is not in the storage. ${knownAppsHint(apps)}\n`);
  }
}
