import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../../api/recoverytarget.generated.ts';
import { bootstrapStates, recoveryPolicies, recoveryTargets } from '../../../api/resources.ts';
import { selfSubjectAccessReview } from '../../../kube/client/access-review.ts';
import { APIError } from '../../../kube/client/api-error.ts';
import { findObject } from '../../../kube/client/find-object.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import { LEASES, type Lease } from '../../../kube/leaderelection/lease.ts';
import type { AppName } from '../../kubectl/app-name.ts';
import type { ClusterConnection } from '../../kubectl/connection.ts';
import { createRun } from '../../kubectl/create-run.ts';
import {
  type CustomResourceDefinition,
  controllerSelector,
  crdNames,
  customResourceDefinitions,
  type Deployment,
  deployments,
  leaseNameOf,
  shimSelector,
} from '../../kubectl/version/installed.ts';
import { type Right, rights } from './rights.ts';

/** What the API server gave, or why it did not: RBAC forbids it, or the kind is not installed. */
export type Seen<T> = { readonly value: T } | { readonly refusal: APIError };

/** A controller, and the Lease by which its replicas elect a leader. */
export interface SeenController {
  readonly deployment: Deployment;
  /** Undefined: there is none. */
  readonly lease: Seen<Lease | undefined>;
}

/** Everything the checks look at, read at one moment. */
export interface ClusterFacts {
  readonly namespace: string;
  /** The app that was named. */
  readonly app: AppName | undefined;
  /** Name of the RecoveryTarget that is checked. */
  readonly targetName: string;
  /** This machine's time. */
  readonly now: Date;
  readonly crds: Seen<readonly (CustomResourceDefinition | undefined)[]>;
  readonly controllers: Seen<readonly SeenController[]>;
  /** Leases of controllers, with those that belong to none of the Deployments. */
  readonly leases: Seen<readonly Lease[]>;
  readonly shims: Seen<readonly Deployment[]>;
  readonly rights: readonly (Right & { readonly allowed: boolean })[];
  /** A run that was created as a trial: validated, and not stored. */
  readonly trial: Seen<BootstrapRecovery>;
  readonly targets: Seen<readonly RecoveryTarget[]>;
  readonly policies: Seen<readonly RecoveryPolicy[]>;
  readonly states: Seen<readonly BootstrapState[]>;
}

const targets: Resource<RecoveryTarget> = recoveryTargets;
const policies: Resource<RecoveryPolicy> = recoveryPolicies;
const states: Resource<BootstrapState> = bootstrapStates;

/**
 * Reads all facts at once.
 *
 * @param targetName undefined: that of the app, or `default`
 * @throws ConnectionError when the API server does not answer
 */
export async function readFacts(
  connection: ClusterConnection,
  app: AppName | undefined,
  targetName: string | undefined,
  signal: AbortSignal,
): Promise<ClusterFacts> {
  const { api, namespace } = connection;
  const here = { namespace, signal };
  const [crds, controllers, leases, shims, allowed, trial, seenTargets, seenPolicies, seenStates] =
    await Promise.all([
      see(Promise.all(crdNames.map((name) => findObject(api, customResourceDefinitions, { name }, signal)))),
      see(readControllers(api, signal)),
      see(items(api.list(LEASES, { labelSelector: controllerSelector, signal }))),
      see(items(api.list(deployments, { labelSelector: shimSelector, signal }))),
      Promise.all(rights.map((right) => readRight(api, right, namespace, signal))),
      see(tryToCreate(connection, app, signal)),
      see(items(api.list(targets, here))),
      see(items(api.list(policies, here))),
      see(items(api.list(states, here))),
    ]);
  const ofApp = 'value' in seenStates ? seenStates.value.find(({ spec }) => isSameApp(app, spec)) : undefined;
  return {
    namespace,
    app,
    targetName: targetName ?? ofApp?.spec.targetRef.name ?? 'default',
    now: new Date(),
    crds,
    controllers,
    leases,
    shims,
    rights: allowed,
    trial,
    targets: seenTargets,
    policies: seenPolicies,
    states: seenStates,
  };
}

/** Whether that is the app. */
export function isSameApp(app: AppName | undefined, spec: AppName): boolean {
  return app !== undefined && spec.adminName === app.adminName && spec.appName === app.appName;
}

async function see<T>(reading: Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    if (error instanceof APIError) {
      return { refusal: error };
    }
    throw error;
  }
}

async function items<T>(list: Promise<{ readonly items: readonly T[] }>): Promise<readonly T[]> {
  return (await list).items;
}

async function readControllers(
  api: ClusterConnection['api'],
  signal: AbortSignal,
): Promise<readonly SeenController[]> {
  const found = await items(api.list(deployments, { labelSelector: controllerSelector, signal }));
  return await Promise.all(
    found.map(async (deployment) => ({
      deployment,
      lease: await see(
        findObject(
          api,
          LEASES,
          { namespace: deployment.metadata.namespace, name: leaseNameOf(deployment) },
          signal,
        ),
      ),
    })),
  );
}

async function readRight(
  api: ClusterConnection['api'],
  right: Right,
  namespace: string,
  signal: AbortSignal,
): Promise<Right & { readonly allowed: boolean }> {
  const { verb, group, resource } = right;
  const { allowed } = await selfSubjectAccessReview(api, { verb, group, resource, namespace }, { signal });
  return { ...right, allowed };
}

/** A run that is not stored. Its time of creation is the clock of the API server. */
function tryToCreate(
  connection: ClusterConnection,
  app: AppName | undefined,
  signal: AbortSignal,
): Promise<BootstrapRecovery> {
  const { adminName, appName } = app ?? { adminName: 'check', appName: 'check' };
  const spec = { adminName, appName, mode: 'Verify' as const };
  return createRun(connection, { generateName: 'check-' }, spec, { signal, dryRun: true });
}
