import { setTimeout as delay } from 'node:timers/promises';
import type { BootstrapRecovery } from '../../../../src/api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../../src/api/bootstrapstate.generated.ts';
import {
  apiVersion,
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../../../src/api/resources.ts';
import { settingsName } from '../../../../src/controllers/bootstrapstate/names.ts';
import { ownedName } from '../../../../src/controllers/status/owned-config-map.ts';
import type { APIClient } from '../../../../src/kube/client/api-client.ts';
import type { KubernetesObject } from '../../../../src/kube/client/object.ts';
import type { Resource } from '../../../../src/kube/client/resource.ts';
import { configMaps } from '../../../../src/kube/client/secret-or-config-map.ts';
import type { SeededRandom } from '../../../tuf/generator/random.ts';
import { eachOf } from '../crowd.ts';
import { secret } from '../installation.ts';
import type { TestNamespace } from '../namespace.ts';
import { startEndlessS3, startHangingServer } from './hostile-servers.ts';

/** How much a hostile tenant does. */
export interface HostileOptions {
  readonly random: SeededRandom;
  readonly targets: number;
  /** Apps that its policies name, for each target. */
  readonly appsPerTarget: number;
  readonly runs: number;
  /** Changes of metadata, triggers and specs in a second. */
  readonly churnPerSecond: number;
  /** Milliseconds before each page of a listing. */
  readonly listingPauseMs: number;
}

/** A tenant that does its worst with the rights of the owner of a namespace. */
export interface HostileTenant extends AsyncDisposable {
  /** What it has done so far. */
  readonly done: { readonly changes: number; readonly runs: number; readonly configMaps: number };
}

const kinds: readonly Resource[] = [recoveryTargets, recoveryPolicies, bootstrapRecoveries, bootstrapStates];

/**
 * Its Redis never answers, its listings never end, its policies guard apps on them, its runs flood the queue,
 * all its objects are changed all the time, and foreign ConfigMaps lie where reports and captured settings
 * would go.
 */
export async function startHostileTenant(
  client: APIClient,
  namespace: TestNamespace,
  options: HostileOptions,
): Promise<HostileTenant> {
  const { random, targets, appsPerTarget, runs, churnPerSecond } = options;
  const redis = await startHangingServer();
  const s3 = await startEndlessS3(options.listingPauseMs);
  const stop = new AbortController();
  const done = { changes: 0, runs: 0, configMaps: 0 };
  const names = Array.from({ length: targets }, (_, at) => `hostile-${at}`);
  const app = (at: number) => ({ adminName: 'mallory', appName: `app-${at}` });
  await namespace.apply(
    secret('s3', { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }),
    ...names.map((name) => ({
      apiVersion,
      kind: 'RecoveryTarget',
      metadata: { name },
      spec: {
        redis: { address: `${redis.host}:${redis.port}` },
        storage: {
          bucket: 'endless',
          endpoint: `http://${s3.host}:${s3.port}`,
          region: 'us-east-1',
          forcePathStyle: true,
          credentialsSecretRef: { name: 's3' },
        },
        trust: { onFirstUse: true },
        validationIntervalSeconds: 10,
      },
    })),
    ...names.map((name, at) => ({
      apiVersion,
      kind: 'RecoveryPolicy',
      metadata: { name },
      spec: {
        targetRef: { name },
        action: 'Recover',
        stabilizationSeconds: 0,
        ...(at === 0
          ? { discover: true }
          : { apps: Array.from({ length: appsPerTarget }, (_, index) => app(index)) }),
      },
    })),
  );

  /** Repeats `work`, also after a failure, until the tenant is stopped. */
  const again = async (work: () => Promise<void>): Promise<void> => {
    while (!stop.signal.aborted) {
      await work().catch(() => undefined);
      await delay(1000 / churnPerSecond, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const flood = eachOf(
    Array.from({ length: runs }, (_, at) => at),
    4,
    async (at) => {
      if (stop.signal.aborted) {
        return;
      }
      await client.create(bootstrapRecoveries, {
        apiVersion,
        kind: 'BootstrapRecovery',
        metadata: { name: `flood-${at}`, namespace: namespace.name },
        spec: { targetRef: { name: random.pick(names) }, ...app(at % 50) },
      });
      done.runs += 1;
    },
  ).catch(() => undefined);

  let listed: readonly { readonly resource: Resource; readonly object: KubernetesObject }[] = [];
  const list = again(async () => {
    const lists = await Promise.all(
      kinds.map(async (resource) => {
        const { items } = await client.list(resource, { namespace: namespace.name });
        return items.map((object) => ({ resource, object }));
      }),
    );
    listed = lists.flat();
    await delay(2_000, undefined, { signal: stop.signal });
  });
  const churn = again(async () => {
    if (listed.length === 0) {
      return;
    }
    done.changes += 1;
    const { resource, object } = random.pick(listed);
    const spec =
      resource.kind === 'RecoveryPolicy'
        ? { spec: { trigger: `storm-${done.changes}` } }
        : resource.kind === 'RecoveryTarget'
          ? { spec: { validationIntervalSeconds: 10 + (done.changes % 50) } }
          : {};
    const metadata = { annotations: { churn: `${done.changes}-${'x'.repeat(2_000)}` } };
    const { name } = object.metadata;
    await client.patch(
      resource,
      { namespace: namespace.name, name },
      { type: 'merge', body: { metadata, ...spec } },
    );
  });
  const planted = new Set<string>();
  const plant = again(async () => {
    for (const { resource, object } of listed) {
      for (const name of placesOf(resource, object)) {
        if (planted.has(name) || stop.signal.aborted) {
          continue;
        }
        planted.add(name);
        const metadata = { name, namespace: namespace.name };
        const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data: { a: 'b' } };
        await client.create(configMaps, foreign).catch(() => undefined);
        done.configMaps += 1;
      }
    }
  });

  return {
    done,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([flood, list, churn, plant]);
      await s3[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

/** Where the controller writes, or once wrote, beside an object. */
function placesOf(resource: Resource, object: KubernetesObject): readonly string[] {
  const { name, uid } = object.metadata;
  switch (resource.kind) {
    case 'BootstrapRecovery':
      // A run and a state have the shape that their lists were asked for.
      return [`${name}-report`, ownedName(object as BootstrapRecovery, 'report')];
    case 'BootstrapState':
      return [settingsName(uid), ownedName(object as BootstrapState, 'settings')];
    default:
      return [];
  }
}
