import { group } from '../../../api/resources.ts';
import { TerminalError } from '../../../errors.ts';
import type { ObjectSelector } from '../../../kube/client/call-options.ts';
import type { ConnectionError } from '../../../kube/client/connection-error.ts';
import type { CommandContext } from '../../context.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import { type OutputFormat, writeResult } from '../../output/output.ts';
import { paintFor } from '../../output/style.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { type AppName, formatAppName, knownAppsText, parseAppName } from '../app-name.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { plainObject } from '../plain-object.ts';
import { type AppsAndRuns, readAppsAndRuns, watchAppsAndRuns } from './apps-and-runs.ts';
import { overviewText } from './overview.ts';
import { type SortKey, sortApps } from './sort-apps.ts';

/** Flags of `status`. */
export interface StatusFlags extends ClusterFlags {
  readonly output: OutputFormat | 'wide' | 'name';
  readonly allNamespaces?: true;
  /** Label selector of apps and runs. */
  readonly selector?: string;
  readonly sort: SortKey;
  readonly watch?: true;
}

/** Cursor to the upper left corner, and the screen below it cleared. */
const clearScreen = '\x1b[H\x1b[J';

/** `status [ADMIN/APP]`: every app and run of the namespace, or those of one app, once or continuously. */
export function statusCommand(
  typed: string | undefined,
  flags: StatusFlags,
  context: CommandContext,
): Promise<void> {
  const app = typed === undefined ? undefined : parseAppName(typed);
  return clusterCommand(context, flags, (connection) =>
    flags.watch === true ? watch(connection, app, flags, context) : list(connection, app, flags, context),
  );
}

async function list(
  connection: ClusterConnection,
  app: AppName | undefined,
  flags: StatusFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const all = await readAppsAndRuns(connection.api, selection(connection, flags), context.signal);
  sayWithoutStates(all, context);
  const situation = of(app, all);
  const isEmpty = situation.runs.length === 0 && situation.states.length === 0;
  const where = flags.allNamespaces === true ? 'this cluster' : `namespace "${connection.namespace}"`;
  if (isEmpty && app !== undefined) {
    throw new TerminalError(
      'NotFound',
      `${formatAppName(app)} is not known in ${where}. ${knownAppsText([...all.states, ...all.runs].map(({ spec }) => spec))}`,
    );
  }
  if (isEmpty && isForPeople(flags)) {
    context.stderr.write(`No app and no run in ${where}. Start one: kubectl tuf-recovery run ADMIN/APP\n`);
  } else {
    await show(situation, flags, context);
  }
  return exitCodes.done;
}

/** The screen redrawn on every change for a person, everything again for a pipe. Ends by Ctrl-C only. */
async function watch(
  connection: ClusterConnection,
  app: AppName | undefined,
  flags: StatusFlags,
  context: CommandContext,
): Promise<ExitCode> {
  let isFirst = true;
  let isOld = false;
  const onOutage = (error: ConnectionError): void => {
    if (!isOld) {
      isOld = true;
      context.stderr.write(
        `warning: What is shown may be old: ${terminalText(error.message)}. The API server is asked again every second.\n`,
      );
    }
  };
  const situations = watchAppsAndRuns(connection.api, selection(connection, flags), context.signal, onOutage);
  for await (const all of situations) {
    isOld = false;
    if (isFirst) {
      sayWithoutStates(all, context);
      isFirst = false;
    }
    if (context.color && isForPeople(flags)) {
      context.stdout.write(clearScreen);
    }
    await show(of(app, all), flags, context);
  }
  return exitCodes.done;
}

function selection(
  { namespace }: ClusterConnection,
  { allNamespaces, selector }: StatusFlags,
): ObjectSelector {
  return {
    ...(allNamespaces === true ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  };
}

/** What of the situation is about the app; all of it when none is named. */
function of(app: AppName | undefined, situation: AppsAndRuns): AppsAndRuns {
  if (app === undefined) {
    return situation;
  }
  const isOfApp = ({ spec }: { readonly spec: AppName }): boolean =>
    spec.adminName === app.adminName && spec.appName === app.appName;
  return {
    ...situation,
    states: situation.states.filter(isOfApp),
    runs: situation.runs.filter(isOfApp),
  };
}

function sayWithoutStates({ withoutStates }: AppsAndRuns, context: CommandContext): void {
  if (withoutStates !== undefined) {
    context.stderr.write(`warning: Only runs are shown. ${terminalText(withoutStates)}\n`);
  }
}

function isForPeople({ output }: StatusFlags): boolean {
  return output === 'human' || output === 'wide';
}

/** For machines a mixed list, as `kubectl get bst,bsr` prints it with `-o json` or `-o name`. */
async function show(all: AppsAndRuns, flags: StatusFlags, context: CommandContext): Promise<void> {
  const situation = { ...all, states: sortApps(all.states, flags.sort) };
  const items = [...situation.states, ...situation.runs];
  if (flags.output === 'name') {
    const names = items.map(({ kind, metadata }) => `${kind.toLowerCase()}.${group}/${metadata.name}\n`);
    context.stdout.write(names.join(''));
    return;
  }
  const result = plainObject({ apiVersion: 'v1', kind: 'List', items });
  const options = {
    paint: paintFor(context),
    blocks: context.color,
    namespaces: flags.allNamespaces === true,
    wide: flags.output === 'wide',
    now: new Date(),
  };
  const format = flags.output === 'wide' ? 'human' : flags.output;
  await writeResult(context, format, result, () => overviewText(situation, options));
}
