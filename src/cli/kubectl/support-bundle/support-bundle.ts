import { writeFile } from 'node:fs/promises';
import packageJSON from '../../../../package.json' with { type: 'json' };
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../../api/resources.ts';
import { APIError } from '../../../kube/client/api-error.ts';
import type { KubernetesObject } from '../../../kube/client/object.ts';
import { type Resource, resourceName } from '../../../kube/client/resource.ts';
import { EVENTS } from '../../../kube/events/event.ts';
import { LEASES } from '../../../kube/leaderelection/lease.ts';
import { checklistOf } from '../../check/cluster/check-cluster.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodes } from '../../exit-codes.ts';
import { explainFileErrors } from '../../output/file-errors.ts';
import { createProgressDisplay } from '../../output/progress.ts';
import { clusterCommand } from '../cluster-command.ts';
import type { ClusterConnection, ClusterFlags } from '../connection.ts';
import {
  controllerSelector,
  crdNames,
  customResourceDefinitions,
  deployments,
  shimSelector,
} from '../version/installed.ts';
import { withoutSecretValues } from './redact.ts';

/** Flags of `support-bundle`. */
export interface SupportBundleFlags extends ClusterFlags {
  readonly file?: string;
}

/** What is collected under one name; or why it is not there. */
type Part = readonly [name: string, read: () => Promise<unknown>];

/** Objects of one kind that are kept, the newest first: a bundle is read by people. */
const mostObjects = 200;

/**
 * `support-bundle`: what a maintainer needs to understand this installation, as one YAML
 * document that a person can read before it is sent. Secrets are never read, and what may be one elsewhere is
 * withheld.
 */
export function supportBundleCommand(flags: SupportBundleFlags, context: CommandContext): Promise<void> {
  return clusterCommand(context, flags, async (connection) => {
    using _paused = connection.slowAnswers?.pause();
    const progress = createProgressDisplay({ ...context, prompts: connection.prompts });
    const bundle: Record<string, unknown> = {
      collected: new Date().toISOString(),
      plugin: packageJSON.version,
      namespace: connection.namespace,
    };
    try {
      for (const [name, read] of partsOf(connection, context.signal)) {
        progress.wait(`Reading ${name}`);
        bundle[name] = await unlessRefused(read);
      }
    } finally {
      progress.end();
    }
    const { stringify } = await import('../../output/yaml.ts');
    const text = stringify(withoutSecretValues(bundle));
    if (flags.file === undefined) {
      context.stdout.write(text);
    } else {
      const { file } = flags;
      await explainFileErrors(file, 'written', () => writeFile(file, text, { mode: 0o600 }));
      context.stderr.write(
        `Wrote ${file}. It holds no Secrets; read it before you send it: names of apps, hosts and buckets are in it.\n`,
      );
    }
    return exitCodes.done;
  });
}

function partsOf(connection: ClusterConnection, signal: AbortSignal): readonly Part[] {
  const { api, namespace } = connection;
  const list = (resource: Resource, selection: object): Part => [
    resourceName(resource),
    async () => newest((await api.list(resource, { ...selection, signal })).items),
  ];
  const labelled = (labelSelector: string): Part => [
    `${resourceName(deployments)}, ${labelSelector.split('=').at(-1)}`,
    async () => (await api.list(deployments, { labelSelector, signal })).items,
  ];
  return [
    ['kubernetes', async () => (await api.serverVersion({ signal })).gitVersion],
    ['check', () => checklistOf(connection, undefined, undefined, signal)],
    labelled(controllerSelector),
    labelled(shimSelector),
    [
      'customresourcedefinitions',
      () =>
        Promise.all(
          crdNames.map(async (name) => {
            const { metadata, status } = await api.get(customResourceDefinitions, { name }, { signal });
            return { name, created: metadata.creationTimestamp, status };
          }),
        ),
    ],
    ...[recoveryTargets, recoveryPolicies, bootstrapStates, bootstrapRecoveries, EVENTS].map((resource) =>
      list(resource, { namespace }),
    ),
    list(LEASES, { namespace }),
  ];
}

function newest(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const createdAt = ({ metadata }: KubernetesObject): string => metadata.creationTimestamp ?? '';
  return objects
    .toSorted((a, b) => (createdAt(a) < createdAt(b) ? 1 : Number(createdAt(a) > createdAt(b)) * -1))
    .slice(0, mostObjects);
}

/** A part that may not be seen does not keep the others from being collected. */
async function unlessRefused(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof APIError) {
      return { notCollected: error.message };
    }
    throw error;
  }
}
