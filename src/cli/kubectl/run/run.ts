import type { BootstrapRecoveryManifestSpec } from '../../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries, group } from '../../../api/resources.ts';
import { TerminalError } from '../../../errors.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { writeResult } from '../../output/output.ts';
import { parseAppName } from '../app-name.ts';
import { clusterCommand } from '../cluster-command.ts';
import { createRun } from '../create-run.ts';
import { plainObject } from '../plain-object.ts';
import { exitCodeOf } from '../run-result.ts';
import { type WaitFlags, waitAndPrintResult } from '../wait.ts';
import { warnOfUnknownApp } from './unknown-app.ts';

/** Flags of `run`; each that is left out leaves the field to the schema's default. */
export interface RunCommandFlags extends WaitFlags {
  readonly name?: string;
  readonly target?: string;
  readonly verify?: true;
  readonly always?: true;
  readonly approval?: 'Automatic' | 'Manual';
  /** Seconds. */
  readonly ttl?: number;
  readonly wait?: true;
  /** Takes an admin with a slash in it without a question. */
  readonly yes?: true;
}

/** Leaves room for the five characters the API server adds; the whole name is at most 63. */
const maxPrefix = 50;
/** The server's rule, and the schema's. */
const APP_NAME = /^[a-zA-Z0-9][a-zA-Z0-9-]*$/;

/** `run ADMIN/APP`: creates a run, and waits for its end when asked to. */
export function runCommand(app: string, flags: RunCommandFlags, context: CommandContext): Promise<void> {
  const spec = specOf(app, flags);
  return clusterCommand(context, flags, async (connection) => {
    await confirmAdmin(app, spec, flags, context);
    await warnOfUnknownApp(connection, spec, context);
    const name =
      flags.name === undefined
        ? { generateName: `${spec.appName.toLowerCase().slice(0, maxPrefix)}-` }
        : { name: flags.name };
    const created = await createRun(connection, name, spec, { signal: context.signal });
    if (flags.wait === true) {
      const ended = await waitAndPrintResult(connection, created.metadata.name, flags, context);
      return exitCodeOf(ended) ?? exitCodes.timedOut;
    }
    const line = `${bootstrapRecoveries.kind.toLowerCase()}.${group}/${created.metadata.name} created\n`;
    await writeResult(context, flags.output, plainObject(created), () => line);
    return exitCodes.done;
  });
}

/** Of `ADMIN/APP/x` a person may mean something else than the admin "ADMIN/APP". */
async function confirmAdmin(
  typed: string,
  { adminName, appName }: BootstrapRecoveryManifestSpec,
  flags: RunCommandFlags,
  context: CommandContext,
): Promise<void> {
  if (!adminName.includes('/') || flags.yes === true) {
    return;
  }
  const question = `"${typed}": is the admin "${adminName}" and the app "${appName}"?`;
  if (!(await context.confirm?.(question))) {
    throw new TerminalError('InvalidInput', `Nothing was started. ${question} Say so with --yes.`);
  }
}

function specOf(
  app: string,
  { target, verify, always, approval, ttl }: RunCommandFlags,
): BootstrapRecoveryManifestSpec {
  const { adminName, appName } = parseAppName(app);
  if (!APP_NAME.test(appName)) {
    throw new TerminalError(
      'InvalidInput',
      `"${appName}" of "${app}" can't be an app: letters, digits and hyphens only, a letter or digit first.`,
    );
  }
  return {
    adminName,
    appName,
    ...(target === undefined ? {} : { targetRef: { name: target } }),
    ...(verify === true ? { mode: 'Verify' } : {}),
    ...(always === true ? { strategy: 'Always' } : {}),
    ...(approval === undefined ? {} : { approval }),
    ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }),
  };
}
