import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { createOperator } from '../../src/controllers/operator.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { secret, startInstallation } from './support/installation.ts';
import { testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';

const hourMs = 3_600_000;
const hours = 6;

/** Starts at the present, because files in a bucket carry its dates. */
class ClockFromNow extends ManualClock {
  readonly #start = Date.now();

  override now(): Date {
    return new Date(this.#start + this.monotonic());
  }
}

/** The sum of the series of a metric whose labels fit. */
async function total(
  registry: Registry,
  name: string,
  fits: (labels: Readonly<Record<string, string | number | undefined>>) => boolean = () => true,
): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return (metric?.values ?? [])
    .filter(({ labels }) => fits(labels as Readonly<Record<string, string>>))
    .reduce((sum, { value }) => sum + value, 0);
}

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
    const registry = new Registry();
    const clock = new ClockFromNow();
    const operator = createOperator({
      loadConfig: () => namespace.cluster.kubeConfig(),
      userAgent: 'test',
      namespaces: [namespace.name],
      identity: 'test',
      proxy: DIRECT,
      rules: { podNamespace: undefined, ambientNamespaces: [] },
      maxConcurrentRuns: 4,
      memoryBytes: 2 ** 28,
      shutdownGraceMs: 1_000,
      registry,
      logger: pino({ level: 'silent' }),
      clock,
      random: () => 0.5,
    });
    const stop = new AbortController();
    const running = operator.run(stop.signal);
    /** Lets time pass in steps; what a step has begun ends before the next one. */
    const pass = async (ms: number, stepMs: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await clock.advance(stepMs);
        do {
          await delay(5);
          // Some of the work waits for milliseconds of this clock.
          await clock.advance(5);
        } while (
          (await total(registry, 'controller_runtime_active_workers')) +
            (await total(registry, 'workqueue_depth')) >
          0
        );
      }
    };
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
      writes: await total(registry, 'rest_client_requests_total', ({ method }) =>
        changing.includes(String(method)),
      ),
      requests: await total(registry, 'bootstrap_recovery_storage_requests_total'),
      states: await total(
        registry,
        'bootstrap_recovery_status_apply_total',
        ({ resource, result }) => resource === 'bootstrapstates' && result === 'applied',
      ),
    });
    const before = await counts();
    await pass(hours * hourMs, 30_000);
    const after = await counts();
    stop.abort();
    await running;

    const perAppHour = (name: keyof typeof after): number =>
      (after[name] - before[name]) / apps.length / hours;
    // Each app says once an hour that it still is as it was; its metadata is verified and checked meanwhile.
    expect(perAppHour('states')).toBeGreaterThan(0.5);
    expect(perAppHour('requests')).toBeGreaterThan(5);
    expect(perAppHour('writes')).toBeLessThanOrEqual(1.2);
    expect(perAppHour('requests')).toBeLessThanOrEqual(13);
  },
);
