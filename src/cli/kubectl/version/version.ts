import packageJSON from '../../../../package.json' with { type: 'json' };
import { isForbidden, isNotFound } from '../../../kube/client/api-error.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type OutputFlags, writeResult } from '../../output/output.ts';
import { paintFor } from '../../output/style.ts';
import { tableText } from '../../output/table.ts';
import { terminalText } from '../../output/terminal-text.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import { controllerSelector, crdNames, customResourceDefinitions, deployments } from './installed.ts';

/** Flags of `version`. */
export interface VersionFlags extends ClusterFlags, OutputFlags {
  /** The plugin alone, without a cluster. */
  readonly client?: true;
}

/** A controller of the cluster; `version` and `image` are what its Deployment says. */
interface ControllerVersion {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly image: string;
}

/** A CRD and the versions that the API server serves of it; none when it is not installed. */
interface CRDVersions {
  readonly name: string;
  readonly served: readonly string[];
}

/** What `-o json` prints. A part that the API server refuses is absent, and `hidden` says why. */
export interface Versions {
  readonly client: string;
  /** Of Kubernetes; absent with --client. */
  readonly server?: string;
  readonly controllers?: readonly ControllerVersion[];
  readonly crds?: readonly CRDVersions[];
  readonly hidden?: readonly string[];
}

/**
 * `version`: of the plugin, the API server, the controllers and the CRDs of the cluster. Without an answer of
 * the cluster it is that of the plugin, beside the error: a report of the problem needs it all the more.
 */
export async function versionCommand(flags: VersionFlags, context: CommandContext): Promise<void> {
  let versions: Versions = { client: packageJSON.version };
  try {
    if (flags.client !== true) {
      await clusterCommand(context, flags, async (connection) => {
        versions = await readVersions(connection, context.signal);
        return exitCodes.done;
      });
    }
  } finally {
    if (!context.signal.aborted) {
      await show(versions, flags, context);
    }
  }
}

function show(versions: Versions, flags: VersionFlags, context: CommandContext): Promise<void> {
  return writeResult(context, flags.output, versions, () => versionText(versions, context));
}

async function readVersions({ api }: ClusterConnection, signal: AbortSignal): Promise<Versions> {
  const hidden: string[] = [];
  const unlessForbidden = (error: unknown): undefined => {
    if (!(error instanceof Error && isForbidden(error))) {
      throw error;
    }
    hidden.push(error.message);
  };
  const [server, controllers, crds] = await Promise.all([
    api.serverVersion({ signal }),
    readControllers(api, signal).catch(unlessForbidden),
    Promise.all(crdNames.map((name) => readCRD(api, name, signal))).catch(unlessForbidden),
  ]);
  return {
    client: packageJSON.version,
    server: server.gitVersion,
    ...(controllers === undefined ? {} : { controllers }),
    ...(crds === undefined ? {} : { crds }),
    ...(hidden.length === 0 ? {} : { hidden }),
  };
}

async function readControllers(
  api: ClusterConnection['api'],
  signal: AbortSignal,
): Promise<readonly ControllerVersion[]> {
  const { items } = await api.list(deployments, { labelSelector: controllerSelector, signal });
  return items.map(({ metadata, spec }) => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    version: metadata.labels?.['app.kubernetes.io/version'] ?? '',
    image: spec.template.spec.containers[0]?.image ?? '',
  }));
}

async function readCRD(
  api: ClusterConnection['api'],
  name: string,
  signal: AbortSignal,
): Promise<CRDVersions> {
  try {
    const { spec } = await api.get(customResourceDefinitions, { name }, { signal });
    return { name, served: spec.versions.filter(({ served }) => served).map((each) => each.name) };
  } catch (error) {
    if (isNotFound(error)) {
      return { name, served: [] };
    }
    throw error;
  }
}

function versionText(
  { client, server, controllers, crds, hidden = [] }: Versions,
  context: CommandContext,
): string {
  const rows = [
    ['Client', client],
    ...(server === undefined ? [] : [['Server', server]]),
    ...(controllers ?? []).map((each) => [
      'Controller',
      each.version || 'unknown',
      `${each.namespace}/${each.name}`,
      each.image,
    ]),
    ...(controllers?.length === 0 ? [['Controller', 'none found']] : []),
    ...(crds ?? []).map(({ name, served }) => ['CRD', served.join(', ') || 'not installed', name]),
  ];
  const notes = hidden.map((why) => `Not visible: ${terminalText(why)}\n`);
  return `${tableText(
    rows.map((row) => row.map(terminalText)),
    paintFor(context).columns,
    0,
  )}${notes.join('')}`;
}
