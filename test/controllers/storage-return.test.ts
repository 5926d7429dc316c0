import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startInstallation } from './support/installation.ts';
import { conditionOf, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';
import { applyProxiedTarget } from './support/proxied-target.ts';
import { startTimedOperator, type TimedOperator } from './support/timed-operator.ts';

// After a minute without storage an app is verified again 15 to 30 seconds after the last time, and a
// target that is not ready is probed again after 30. The bucket is asked every two seconds, and its return
// wakes both.
const outageMs = 60_000;
const wokenWithinMs = 5_000;
const kinds = [
  { controller: 'bootstrapstate', againMs: 15_000 },
  { controller: 'recoverytarget', againMs: 30_000 },
] as const;

test('storage that answers again wakes its target and the apps that could not be verified', async () => {
  const namespace = await testNamespace(await sharedAPIServer());
  await using installation = await startInstallation(['simple']);
  await installation.app('simple').restoreTo(await installation.redis.client());
  await using proxied = await applyProxiedTarget(namespace, installation);
  await using operator = startTimedOperator(namespace);
  const policy = await createPolicy(namespace, 'guard', installation.app('simple'));
  const verdicts = async () => [
    conditionOf(await policy.app(), 'Healthy'),
    conditionOf(await namespace.target('default'), 'Ready'),
  ];
  const areWell = async () => (await verdicts()).every((verdict) => verdict?.status === 'True');
  await poll('both to be well', async () => {
    await operator.pass(1_000, 100);
    return areWell();
  });

  await proxied.s3.inject({ kind: 'refuse' });
  await policy.change({ trigger: 'during-the-outage' });
  await poll('both to say that storage does not answer', async () => {
    await operator.pass(10_000, 5_000);
    return (await verdicts()).every((verdict) => verdict?.reason === 'SourceUnavailable');
  });
  await operator.pass(outageMs, 20_000);
  await passUntilNoneIsDue(operator);
  await proxied.s3.heal();
  for (let passedMs = 0; passedMs < wokenWithinMs && !(await areWell()); passedMs += 250) {
    // For the requests, which this clock does not wait for.
    await delay(500);
    await operator.pass(250, 50);
  }
  expect(await verdicts()).toMatchObject([{ status: 'True' }, { status: 'True' }]);
});

/** Lets time pass until nothing but a wake can have app or target reconciled within the next seconds. */
async function passUntilNoneIsDue(operator: TimedOperator): Promise<void> {
  const stepMs = 1_000;
  const looks = await Promise.all(
    kinds.map(async ({ controller, againMs }) => {
      const count = () =>
        operator.total('controller_runtime_reconcile_total', (labels) => labels['controller'] === controller);
      return { againMs, count, before: await count(), agoMs: Number.POSITIVE_INFINITY };
    }),
  );
  do {
    await operator.pass(stepMs, stepMs);
    for (const look of looks) {
      const now = await look.count();
      look.agoMs = now > look.before ? stepMs : look.agoMs + stepMs;
      look.before = now;
    }
  } while (looks.some(({ agoMs, againMs }) => agoMs + wokenWithinMs + stepMs > againMs));
}
