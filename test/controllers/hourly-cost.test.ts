import { expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { secret, startInstallation } from './support/installation.ts';
import { testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';
import { startTimedOperator } from './support/timed-operator.ts';

const hourMs = 3_600_000;
const hours = 6;

// On a loaded machine a request in flight may see the clock leap: it counts as timed out, and is repeated.
// What an hour costs is what the quietest of three measurements says.
const quietest = { retry: 2 };

test(
  'an app to which nothing happens costs 1.2 writes and 13 requests to the bucket an hour at most, its target included',
  quietest,
  async () => {
    const apps = ['simple'] as const;
    const namespace = await testNamespace(await sharedAPIServer());
    await using installation = await startInstallation(apps);
    const redis = await installation.redis.client();
    for (const name of apps) {
      await installation.app(name).restoreTo(redis);
    }
    // Redis stays in the present: its clock, were it known, would be further away at every probe.
    await redis.acl('SETUSER', 'timeless', 'on', '>timeless', '~*', '&*', '+@all', '-info');
    const address = `${installation.redis.host}:${installation.redis.port}`;
    await namespace.apply(
      ...installation.secrets,
      secret('timeless', { password: 'timeless' }),
      installation.target('default', {
        redis: { address, username: 'timeless', passwordSecretRef: { name: 'timeless' } },
      }),
    );
    await using operator = startTimedOperator(namespace);
    const { pass, total } = operator;
    const policies = await Promise.all(
      apps.map((name) => createPolicy(namespace, name, installation.app(name), { action: 'Recover' })),
    );
    await poll('the apps to be healthy', async () => {
      await pass(1_000, 100);
      const states = await Promise.all(policies.map((policy) => policy.app()));
      return states.every(({ status }) => findCondition(status.conditions, 'Recoverable')?.status === 'True');
    });
    // What the beginning has set off comes to rest.
    await pass(60_000, 1_000);

    const changing = ['PATCH', 'POST', 'PUT', 'DELETE'];
    const counts = async () => ({
      writes: await total('rest_client_requests_total', ({ method }) => changing.includes(String(method))),
      requests: await total('bootstrap_recovery_storage_requests_total'),
      states: await total(
        'bootstrap_recovery_status_apply_total',
        ({ resource, result }) => resource === 'bootstrapstates' && result === 'applied',
      ),
    });
    const before = await counts();
    await pass(hours * hourMs, 30_000);
    const after = await counts();

    const perAppHour = (name: keyof typeof after): number =>
      (after[name] - before[name]) / apps.length / hours;
    // Each app says once an hour that it still is as it was; its metadata is verified and checked meanwhile.
    expect(perAppHour('states')).toBeGreaterThan(0.5);
    expect(perAppHour('requests')).toBeGreaterThan(5);
    expect(perAppHour('writes')).toBeLessThanOrEqual(1.2);
    expect(perAppHour('requests')).toBeLessThanOrEqual(13);
  },
);
