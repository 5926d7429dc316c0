import { readFile } from 'node:fs/promises';
import type {
  BootstrapRecovery,
  BootstrapRecoveryManifest,
} from '../../../src/api/bootstraprecovery.generated.ts';
import type { Condition } from '../../../src/api/condition.ts';
import type { RecoveryTarget } from '../../../src/api/recoverytarget.generated.ts';
import { apiVersion } from '../../../src/api/resources.ts';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { pollObject } from '../../harness/poll.ts';

/** A namespace of one's own on an API server that knows the CRDs, with the controller's role in it. */
export interface TestNamespace {
  readonly cluster: APIServerAccess;
  readonly name: string;
  /** A kubeconfig of a ServiceAccount that has the role of fixtures/role.yaml here and nothing else. */
  controllerKubeconfig(server?: string): Promise<string>;
  /** Gives that role, here, to the controller of another namespace. */
  allowController(namespace: string): Promise<void>;
  kubectl(...args: readonly string[]): Promise<string>;
  apply(...manifests: readonly object[]): Promise<void>;
  /** Applies a run for an app; returns its name. */
  start(name: string, spec: BootstrapRecoveryManifest['spec']): Promise<string>;
  run(name: string): Promise<BootstrapRecovery>;
  target(name?: string): Promise<RecoveryTarget>;
  /**
   * Waits until `Succeeded` of a run is True or False and its finalizer, which goes right after that, is
   * gone.
   */
  ended(name: string): Promise<{ readonly run: BootstrapRecovery; readonly succeeded: Condition }>;
  /** Waits until `Succeeded` of a run has this reason. */
  reason(name: string, reason: string): Promise<BootstrapRecovery>;
}

/** Creates a namespace, and the CRDs when they are not there. */
export async function testNamespace(
  cluster: APIServerAccess,
  prefix = 'controllers',
): Promise<TestNamespace> {
  for (const kind of ['bootstraprecoveries', 'bootstrapstates', 'recoverytargets', 'recoverypolicies']) {
    await cluster.apply(await readFile(`crds/tuf-recovery.dev_${kind}.yaml`, 'utf8'));
  }
  const name = await cluster.createNamespace(prefix);
  const kubectl: TestNamespace['kubectl'] = (...args) => cluster.kubectl([`--namespace=${name}`, ...args]);
  const get = async <T>(resource: string, object: string): Promise<T> =>
    // The API server validated it against the schema these types are made from.
    JSON.parse(await kubectl('get', resource, object, '--output=json')) as T;
  const run = (object: string) => get<BootstrapRecovery>('bsr', object);
  const apply: TestNamespace['apply'] = async (...manifests) => {
    await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }), {
      namespace: name,
    });
  };
  return {
    cluster,
    name,
    kubectl,
    apply,
    run,
    controllerKubeconfig: (server) => controllerKubeconfig(cluster, name, server),
    allowController: (other) => bindRole(cluster, name, other),
    start: async (object, spec) => {
      await apply({ apiVersion, kind: 'BootstrapRecovery', metadata: { name: object }, spec });
      return object;
    },
    target: (object = 'default') => get<RecoveryTarget>('rt', object),
    ended: async (object) => {
      const found = await pollObject(
        `run ${object} to end`,
        () => run(object),
        (each) => endOf(each) !== undefined && each.metadata.finalizers === undefined,
        // Each look starts a kubectl, whose work the run would wait for.
        { intervalMs: 200 },
      );
      const succeeded = endOf(found);
      if (succeeded === undefined) {
        throw new Error(`run ${object} has not ended`);
      }
      return { run: found, succeeded };
    },
    reason: (object, reason) =>
      pollObject(
        `run ${object} to be ${reason}`,
        () => run(object),
        (found) => conditionOf(found, 'Succeeded')?.reason === reason,
      ),
  };
}

/** A condition of a run or a target. */
export function conditionOf(
  object: Pick<BootstrapRecovery, 'status'> | Pick<RecoveryTarget, 'status'>,
  type: string,
): Condition | undefined {
  return object.status.conditions?.find((condition) => condition.type === type);
}

/** How a run has ended; undefined while it has not. */
function endOf(run: BootstrapRecovery): Condition | undefined {
  const succeeded = conditionOf(run, 'Succeeded');
  return succeeded?.status === 'Unknown' ? undefined : succeeded;
}

const account = 'controller';

async function controllerKubeconfig(
  cluster: APIServerAccess,
  namespace: string,
  server: string | undefined,
): Promise<string> {
  const token = await cluster.serviceAccountToken(namespace, account);
  await bindRole(cluster, namespace, namespace);
  return cluster.kubeconfigFile({ token, namespace, ...(server !== undefined && { server }) });
}

/** Lets the controller of one namespace work in another. */
async function bindRole(cluster: APIServerAccess, namespace: string, home: string): Promise<void> {
  await cluster.apply(await readFile('test/controllers/fixtures/role.yaml', 'utf8'), { namespace });
  const binding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: account },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'tuf-recovery-controller' },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: home }],
  };
  await cluster.apply(JSON.stringify(binding), { namespace });
}
