import { TerminalError } from '../../../errors.ts';
import { APIError, isForbidden } from '../../../kube/client/api-error.ts';
import type { CommandContext } from '../../context.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import { paintFor } from '../../output/style.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { type ControllerPod, controllerContainer, findControllerPods } from './controller-pods.ts';
import { followLogs } from './follow-logs.ts';
import { LastLines, mergeByTime } from './last-lines.ts';
import { type LogLine, logLineText, parseLogLine } from './log-line.ts';
import { findLogSubject, type LogSubject } from './log-subject.ts';

/** Flags of `logs`. */
export interface LogsFlags extends ClusterFlags {
  readonly follow?: true;
  /** Seconds. */
  readonly since?: number;
  /** Most lines, of those that are about what was named. */
  readonly tail: number;
  readonly previous?: true;
  readonly raw?: true;
  readonly controllerNamespace?: string;
}

/** Where the lines come from and go to. */
interface Reading {
  readonly connection: ClusterConnection;
  readonly subject: LogSubject | undefined;
  readonly flags: LogsFlags;
  readonly context: CommandContext;
}

/**
 * `logs [RUN|ADMIN/APP]`: what the controllers logged, of one run, of one app, or all of it. A controller
 * writes no secret into its log.
 */
export function logsCommand(
  typed: string | undefined,
  flags: LogsFlags,
  context: CommandContext,
): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const subject = typed === undefined ? undefined : await findLogSubject(connection, typed, context.signal);
    const reading = { connection, subject, flags, context };
    return flags.follow === true ? follow(reading) : show(reading);
  });
}

async function show(reading: Reading): Promise<ExitCode> {
  const { subject, flags, context } = reading;
  const pods = await podsOf(reading);
  const logs = await Promise.all(pods.map((pod) => linesOf(pod, reading)));
  const lines = mergeByTime(logs.flatMap((each) => (each === undefined ? [] : [each]))).slice(-flags.tail);
  for (const line of lines) {
    write(line, reading);
  }
  if (lines.length > 0) {
    return exitCodes.done;
  }
  if (subject !== undefined && !subject.exists) {
    throw new TerminalError(
      'NotFound',
      `There is no ${subject.name} in namespace "${reading.connection.namespace}", and no line about it. All there are: kubectl tuf-recovery status -A`,
    );
  }
  const what = subject === undefined ? '' : ` about the ${subject.name}`;
  context.stderr.write(terminalText(`The log of the controllers has no line${what}.`).concat('\n'));
  return logs.every((each) => each === undefined) ? exitCodes.failed : exitCodes.done;
}

function follow(reading: Reading): Promise<never> {
  const { connection, subject, flags, context } = reading;
  return followLogs({
    api: connection.api,
    findPods: () => podsOf(reading),
    sinceSeconds: flags.since,
    onLine: (line) => {
      if (subject?.isAbout(line) !== false) {
        write(line, reading);
      }
    },
    onBreak: (pod, error) => sayBroken(pod, error, context),
    signal: context.signal,
  });
}

/** @throws {TerminalError} `NotFound` when there is no controller */
async function podsOf({ connection, flags, context }: Reading): Promise<readonly ControllerPod[]> {
  const pods = await findControllerPods(connection.api, flags.controllerNamespace, context.signal).catch(
    (error: unknown) => {
      throw isForbidden(error) && error instanceof Error && flags.controllerNamespace === undefined
        ? new TerminalError(
            'AccessDenied',
            `${error.message}, or name the namespace of the controllers with --controller-namespace.`,
            { cause: error },
          )
        : error;
    },
  );
  if (pods.length === 0) {
    const where =
      flags.controllerNamespace === undefined ? 'this cluster' : `namespace "${flags.controllerNamespace}"`;
    throw new TerminalError(
      'NotFound',
      `No pod of a controller runs in ${where}. See why: kubectl tuf-recovery check`,
    );
  }
  return pods;
}

/** Undefined when the log cannot be read; that is said, and the others are shown. */
async function linesOf(
  pod: ControllerPod,
  { connection, subject, flags, context }: Reading,
): Promise<readonly LogLine[] | undefined> {
  const last = new LastLines(flags.tail);
  const { since: sinceSeconds, previous } = flags;
  const options = { container: controllerContainer, sinceSeconds, previous, signal: context.signal };
  try {
    for await (const raw of connection.api.log(pod, options)) {
      const line = parseLogLine(raw);
      if (subject?.isAbout(line) !== false) {
        last.push(line);
      }
    }
    return last.lines;
  } catch (error) {
    if (!(error instanceof APIError) || isForbidden(error)) {
      throw error;
    }
    sayBroken(pod, error, context);
    return undefined;
  }
}

function write(line: LogLine, { flags, context }: Reading): void {
  context.stdout.write(flags.raw === true ? `${line.raw}\n` : logLineText(line, paintFor(context)));
}

function sayBroken({ namespace, name }: ControllerPod, { message }: Error, context: CommandContext): void {
  context.stderr.write(`warning: ${namespace}/${name}: ${terminalText(message)}\n`);
}
