import { expect, test } from 'vitest';
import { observed } from './fixtures/observed.ts';

/** Name, type and labels; for histograms the first and last bucket and how many there are. */
type Expected = readonly [
  name: string,
  type: string,
  labels: readonly string[],
  buckets?: readonly [first: number, last: number, count: number],
];

/** What dashboards and alerts for controller-runtime and client-go ask for. */
const upstream: readonly Expected[] = [
  ['controller_runtime_reconcile_total', 'counter', ['controller', 'result']],
  ['controller_runtime_reconcile_errors_total', 'counter', ['controller']],
  ['controller_runtime_terminal_reconcile_errors_total', 'counter', ['controller']],
  ['controller_runtime_reconcile_panics_total', 'counter', ['controller']],
  ['controller_runtime_reconcile_timeouts_total', 'counter', ['controller']],
  ['controller_runtime_reconcile_time_seconds', 'histogram', ['controller'], [0.005, 60, 40]],
  ['controller_runtime_max_concurrent_reconciles', 'gauge', ['controller']],
  ['controller_runtime_active_workers', 'gauge', ['controller']],
  ['workqueue_depth', 'gauge', ['name', 'controller', 'priority']],
  ['workqueue_adds_total', 'counter', ['name', 'controller']],
  ['workqueue_queue_duration_seconds', 'histogram', ['name', 'controller'], [1e-8, 1000, 12]],
  ['workqueue_work_duration_seconds', 'histogram', ['name', 'controller'], [1e-8, 1000, 12]],
  ['workqueue_unfinished_work_seconds', 'gauge', ['name', 'controller']],
  ['workqueue_longest_running_processor_seconds', 'gauge', ['name', 'controller']],
  ['workqueue_retries_total', 'counter', ['name', 'controller']],
  ['rest_client_requests_total', 'counter', ['code', 'method', 'host']],
  ['rest_client_request_duration_seconds', 'histogram', ['verb', 'host'], [0.005, 60, 12]],
  ['leader_election_master_status', 'gauge', ['name']],
  ['leader_election_slowpath_total', 'counter', ['name']],
];

test.each(upstream)(
  '%s is what controller-runtime and client-go export',
  async (name, type, labelNames, buckets) => {
    const { registry } = observed();
    const metric = registry.getSingleMetric(name);
    expect(metric).toMatchObject({ labelNames });
    expect((await metric?.get())?.type).toBe(type);
    if (buckets !== undefined) {
      const bounds: unknown = Reflect.get(metric ?? {}, 'upperBounds');
      expect(Array.isArray(bounds) && [bounds[0], bounds.at(-1), bounds.length]).toEqual(buckets);
    }
  },
);

test('metrics without an upstream name carry the prefix they were given', async () => {
  const names = (await observed().registry.getMetricsAsJSON()).map(({ name }) => name);
  const known = new Set(upstream.map(([name]) => name));
  const own = names.filter((name) => !known.has(name) && name !== 'rest_client_request_retries_total');
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((name) => !name.startsWith('test_'))).toEqual([]);
});
