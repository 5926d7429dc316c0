import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { adminClient } from './support/api-client.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { putCrowd, runsInformer } from './support/crowd.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { watchStates } from './support/watched-states.ts';

const apps = 24;

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await putCrowd(installation, apps);
  const { admin, app, settings } = installation.app('simple');
  const redis = await installation.redis.client();
  for (let at = 0; at < apps; at += 1) {
    const copy = [...settings].map(([key, value]) => [
      key.replace(`_${admin}_${app}`, `_crowd_app-${at}`),
      value,
    ]);
    await redis.mset(...copy.flat());
  }
  await namespace.apply(
    ...installation.secrets,
    installation.target('default', { trust: { onFirstUse: true } }),
  );
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

test('of many apps that lose everything at once each is repaired by one run, although the history keeps but one', async () => {
  const states = new Map<string, BootstrapState>();
  await using _watching = await watchStates(namespace, (state) => {
    if (state.spec.adminName === 'crowd') {
      states.set(state.spec.appName, state);
    }
  });
  const client = adminClient(namespace.cluster);
  const informer = runsInformer(client, namespace.name);
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  /** App → the runs that were created for it, whether they still exist or not. */
  const created = new Map<string, Set<string>>();
  informer.store.subscribe(({ object: { metadata, spec } }) => {
    created.set(spec.appName, new Set(created.get(spec.appName)).add(metadata.uid));
  });
  await namespace.apply({
    apiVersion,
    kind: 'RecoveryPolicy',
    metadata: { name: 'fleet' },
    spec: {
      apps: Array.from({ length: apps }, (_, at) => ({ adminName: 'crowd', appName: `app-${at}` })),
      action: 'Recover',
      stabilizationSeconds: 0,
      successfulRunsHistoryLimit: 1,
    },
  });
  const isHealthy = ({ status }: BootstrapState): boolean =>
    findCondition(status.conditions, 'Healthy')?.status === 'True';
  const all = (matches: (state: BootstrapState) => boolean): boolean =>
    states.size === apps && [...states.values()].every(matches);
  await poll('every app to be healthy', () => all(isHealthy));

  await (await installation.redis.client()).flushall();
  const isRepaired = (state: BootstrapState): boolean =>
    isHealthy(state) && state.status.recoveries?.[0]?.state !== undefined && hasEnded(state);
  await poll('every app to be repaired', () => all(isRepaired), {
    lastSeen: () => [...states.values()].filter((state) => !isRepaired(state)),
  });
  await poll('the history to be as long as it may be', async () => {
    const list = await namespace.kubectl('get', 'bsr', '--output=name');
    return list.trim().split('\n').length === 1;
  });
  stop.abort();
  await watching;
  await client.close();
  expect([...created.values()].map(({ size }) => size)).toEqual(Array(apps).fill(1));
  const noted = [...states.values()].map(({ status }) => status.recoveries?.map(({ state }) => state));
  expect(noted).toEqual(Array(apps).fill(['Succeeded']));
});

function hasEnded({ status }: BootstrapState): boolean {
  return (status.recoveries ?? []).every(({ state }) => state !== 'Ordered' && state !== 'UnderWay');
}
