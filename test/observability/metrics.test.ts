import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { RuntimeMetrics } from '../../src/kube/metrics/runtime-metrics.ts';
import { appFamilies } from '../../src/observability/app-series.ts';
import { metricsPrefix, RecoveryMetrics } from '../../src/observability/metrics.ts';

describe('the metrics', () => {
  test('no name is used twice, each has help, and counters and times are named as Prometheus wants', async () => {
    const registry = new Registry();
    new RecoveryMetrics(registry);
    new RuntimeMetrics({ registry, prefix: metricsPrefix });
    const declared = await registry.getMetricsAsJSON();
    const names = [...declared, ...appFamilies].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, help, type } of [...declared, ...appFamilies]) {
      expect(help, name).toMatch(/\w/);
      if (name.startsWith(metricsPrefix) && String(type) === 'counter') {
        expect(name).toMatch(/_total$/);
      }
    }
  });

  test('a target that is gone has no series any more', async () => {
    const registry = new Registry();
    const metrics = new RecoveryMetrics(registry);
    const labels = { namespace: 'prod', target: 'default' };
    metrics.targetReady.set(labels, 1);
    metrics.targetApps.set(labels, 3);
    expect(await registry.metrics()).toContain('target="default"');
    metrics.forgetTarget(labels);
    expect(await registry.metrics()).not.toContain('target="default"');
  });
});
