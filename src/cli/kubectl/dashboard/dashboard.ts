import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../async/clock.ts';
import { Dashboard } from '../../../dashboard/dashboard.ts';
import { RuntimeMetrics } from '../../../kube/metrics/runtime-metrics.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { approvePlan } from '../approve.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { readAppsAndRuns } from '../status/apps-and-runs.ts';
import { pendingActions } from '../status/pending-actions.ts';
import { openBrowser } from './open-browser.ts';

/** Flags of `dashboard`. */
export interface DashboardFlags extends ClusterFlags {
  readonly allNamespaces?: true;
  /** On 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** False after `--no-open`. */
  readonly open: boolean;
}

/** Bits of the secret in the URL. */
const TOKEN_BYTES = 32;

/**
 * `dashboard`: a page on 127.0.0.1 that shows apps and runs, with the rights of the kubeconfig, until Ctrl-C.
 */
export function dashboardCommand(flags: DashboardFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    const namespace = flags.allNamespaces === true ? undefined : connection.namespace;
    // What is wrong with the kubeconfig or the rights is said here, not on a page.
    await readAppsAndRuns(connection.api, { namespace }, context.signal);
    await using page = await start(flags, namespace, connection, context);
    context.stdout.write(`${page.url}\n`);
    context.stderr.write(
      'The dashboard is at this address until Ctrl-C. The address holds a secret: ' +
        'who has it can read and approve what you can.\n',
    );
    await using _opened =
      flags.open && context.interactive ? await openBrowser(page.url, process.platform) : undefined;
    if (!context.signal.aborted) {
      await once(context.signal, 'abort');
    }
    return exitCodes.interrupted;
  });
}

function start(
  flags: DashboardFlags,
  namespace: string | undefined,
  connection: ClusterConnection,
  context: CommandContext,
): Promise<Dashboard> {
  return Dashboard.start({
    client: connection.api,
    namespace,
    port: flags.port,
    token: randomBytes(TOKEN_BYTES).toString('base64url'),
    needs: ({ state, runs }, now) =>
      pendingActions({ states: state === undefined ? [] : [state], runs }, now).map(({ text }) => text),
    approve: ({ namespace: place, name, digest }) =>
      approvePlan({ ...connection, namespace: place }, name, digest, context.signal),
    // The page itself says what it can't read.
    logger: pino({ level: 'silent' }),
    metrics: new RuntimeMetrics({ registry: new Registry(), prefix: 'bootstrap_recovery' }),
    clock: systemClock,
    random: Math.random,
  });
}
