import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { isInShard } from '../../src/controllers/operator/shard.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';

test('every target is in exactly one share', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.string(), fc.string(), (count, namespace, target) => {
      const shares = Array.from({ length: count }, (_, index) =>
        isInShard({ index, count }, namespace, target),
      );
      expect(shares.filter(Boolean)).toHaveLength(1);
    }),
  );
});

describe('two controllers with a share each', () => {
  let namespace: TestNamespace;
  let installation: Installation;

  beforeAll(async () => {
    namespace = await testNamespace(await sharedAPIServer());
    installation = await startInstallation(['simple']);
    await installation.app('simple').restoreTo(await installation.redis.client());
    await namespace.apply(...installation.secrets);
  });

  afterAll(() => installation?.[Symbol.asyncDispose]());

  test('serve their own targets with all that belongs to them, and nothing else, under a Lease each', async () => {
    const names = [0, 1].map((index) => {
      const all = Array.from({ length: 64 }, (_, at) => `target-${at}`);
      const name = all.find((each) => isInShard({ index, count: 2 }, namespace.name, each));
      if (name === undefined) {
        throw new Error('one of many names is in each share');
      }
      return name;
    });
    const [ours = '', theirs = ''] = names;
    const app = installation.app('simple');
    await namespace.apply(...names.map((name) => installation.target(name)));
    const guard = (name: string) =>
      createPolicy(namespace, name, app, { targetRef: { name }, action: 'Recover', stabilizationSeconds: 0 });
    await using _first = await startController(namespace, { args: ['--shard=0/2'], leaderElection: true });
    const [policy, other] = [await guard(ours), await guard(theirs)];
    const isHealthy = ({ status }: Awaited<ReturnType<typeof policy.app>>) =>
      findCondition(status.conditions, 'Healthy')?.status === 'True';
    await policy.untilApp('to be healthy', isHealthy);
    expect((await namespace.target(theirs)).status.observedGeneration).toBe(-1);
    expect((await other.get()).status.observedGeneration).toBe(-1);

    await using _second = await startController(namespace, { args: ['--shard=1/2'], leaderElection: true });
    await other.untilApp('to be healthy', isHealthy);
    const leases = await namespace.kubectl('get', 'leases', '--output=name');
    expect(leases.trim().split('\n').sort()).toEqual(
      [0, 1].map((index) => `lease.coordination.k8s.io/tuf-recovery-controller-${index}-of-2`),
    );
  });
});
