import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { bootstrapStates, recoveryPolicies, recoveryTargets } from '../../src/api/resources.ts';
import { APIClient } from '../../src/kube/client/api-client.ts';
import type { Resource } from '../../src/kube/client/resource.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { observed } from '../kube/fixtures/observed.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { putCrowd } from './support/crowd.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, existingPolicy, type TestPolicy } from './support/policies.ts';
import { applyProxiedTarget, type ProxiedTarget } from './support/proxied-target.ts';
import { type EndlessS3, startEndlessS3 } from './support/tenants/hostile-servers.ts';

let namespace: TestNamespace;
let installation: Installation;
let proxied: ProxiedTarget;
let endless: EndlessS3;
let controller: ControllerProcess;
let client: APIClient;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await putCrowd(installation, 5);
  proxied = await applyProxiedTarget(namespace, installation);
  endless = await startEndlessS3(1_000);
  const { storage } = installation.target().spec;
  await namespace.apply(
    installation.target('crowd', {
      storage: { ...storage, endpoint: `http://${proxied.s3.host}:${proxied.s3.port}` },
      trust: { onFirstUse: true },
    }),
    installation.target('endless', {
      storage: { ...storage, endpoint: `http://${endless.host}:${endless.port}` },
      trust: { onFirstUse: true },
    }),
  );
  controller = await startController(namespace);
  client = new APIClient({
    loadConfig: () => namespace.cluster.kubeConfig(),
    userAgent: 'storm',
    metrics: observed().metrics,
  });
});

afterAll(async () => {
  await client?.close();
  await controller?.[Symbol.asyncDispose]();
  await proxied?.[Symbol.asyncDispose]();
  await endless?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

const healthy = (state: BootstrapState) => findCondition(state.status.conditions, 'Healthy');

/** Changes an object again and again, until it is disposed of. */
function storm(
  resource: Resource,
  name: string,
  change: (count: number) => Readonly<Record<string, unknown>>,
): AsyncDisposable & { readonly count: number } {
  let count = 0;
  let isOver = false;
  const blowing = (async () => {
    while (!isOver) {
      count += 1;
      await client.patch(
        resource,
        { namespace: namespace.name, name },
        { type: 'merge', body: change(count) },
      );
      await delay(50);
    }
  })();
  return {
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      await blowing;
    },
  };
}

const annotated = (count: number) => ({ metadata: { annotations: { storm: String(count) } } });

describe('a storm', () => {
  test('of annotations does not throw away what a verification has found out', async () => {
    const app = installation.app('simple');
    await app.restoreTo(await installation.redis.client());
    const policy = await createPolicy(namespace, 'annotated', app);
    const before = await policy.untilApp('to be healthy', (state) => healthy(state)?.status === 'True');
    // So slow that many annotations fall into each verification.
    await proxied.s3.inject({ kind: 'delay', ms: 150 });
    {
      await using _state = storm(bootstrapStates, before.metadata.name, annotated);
      await using _policy = storm(recoveryPolicies, policy.name, annotated);
      await using _target = storm(recoveryTargets, 'default', annotated);
      await (await installation.redis.client()).del(`BOOTSTRAP_${app.admin}_${app.app}`);
      await policy.untilApp(
        'to be lost while it is annotated',
        (state) => healthy(state)?.status === 'False',
      );
      await policy.verify();
    }
    await proxied.heal();
    await namespace.kubectl('delete', 'rp', policy.name);
  });

  test('of triggers ends in one full round, and leaves no app Unverifiable', async () => {
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'triggered' },
      spec: { targetRef: { name: 'crowd' }, discover: true, action: 'Recover', stabilizationSeconds: 0 },
    });
    const apps = Array.from({ length: 5 }, (_, at) =>
      existingPolicy(namespace, 'triggered', { admin: 'crowd', app: `app-${at}` }, 'crowd'),
    );
    const [policy] = apps;
    const all = (what: string, condition: (state: BootstrapState) => boolean) =>
      Promise.all(apps.map((each) => each.untilApp(what, condition)));
    await all('to be repaired', (state) => healthy(state)?.status === 'True');

    let last = '';
    {
      await using blowing = storm(recoveryPolicies, 'triggered', (count) => ({
        spec: { trigger: `storm-${count}` },
      }));
      // Among them a store that fails now and then: what a verification meets then must not stay.
      for (let round = 0; round < 5; round += 1) {
        await proxied.s3.inject(round % 2 === 0 ? { kind: 'refuse' } : { kind: 'delay', ms: 50 });
        await delay(500);
        await proxied.heal();
        await delay(500);
      }
      await blowing[Symbol.asyncDispose]();
      last = `storm-${blowing.count}`;
    }
    await policy?.until(
      'to have handled the last trigger',
      ({ status }) => status.lastHandledTrigger === last,
    );
    const states = await all('to be healthy', (state) => healthy(state)?.status === 'True');
    expect(new Set(states.map(({ status }) => status.policyRevision)).size).toBe(1);
    expect(states.map(({ status }) => status.state)).toEqual(states.map(() => 'Healthy'));
  });
});

describe('a verification that does not end', () => {
  const underWay = async (): Promise<TestPolicy> => {
    const policy = await createPolicy(
      namespace,
      'endless',
      { admin: 'mallory', app: 'app' },
      {
        targetRef: { name: 'endless' },
        recoveryTemplate: { timeoutSeconds: 300 },
      },
    );
    const before = endless.pages;
    await expect.poll(() => endless.pages).toBeGreaterThan(before + 2);
    return policy;
  };
  const rests = (policy: TestPolicy, reason: string) =>
    policy.untilApp(`to say ${reason}`, (state) => healthy(state)?.reason === reason);

  test('ends when its policy is suspended', async () => {
    const policy = await underWay();
    await policy.change({ suspend: true });
    await rests(policy, 'NotGuarded');
    await policy.change({ suspend: false });
  });

  test('ends when its policy is deleted, also when another one takes its name at once', async () => {
    const policy = await underWay();
    await namespace.kubectl('delete', 'rp', 'endless');
    await createPolicy(
      namespace,
      'endless',
      { admin: 'mallory', app: 'another' },
      { targetRef: { name: 'endless' } },
    );
    await rests(policy, 'NotGuarded');
    await namespace.kubectl('delete', 'rp', 'endless');
  });

  test('ends when its target is suspended', async () => {
    const policy = await underWay();
    await namespace.kubectl('patch', 'rt', 'endless', '--type=merge', '--patch={"spec":{"suspend":true}}');
    await rests(policy, 'TargetUnavailable');
  });
});
