import { expect, test } from 'vitest';
import { observed } from './fixtures/observed.ts';

interface Expected {
  readonly name: string;
  readonly type: string;
  readonly labelNames: readonly string[];
  /** First and last bucket, and how many there are. */
  readonly buckets?: readonly [number, number, number];
}

/** What dashboards and alerts for controller-runtime and client-go ask for. */
const upstream: readonly Expected[] = [
  { name: 'controller_runtime_reconcile_total', type: 'counter', labelNames: ['controller', 'result'] },
  { name: 'controller_runtime_reconcile_errors_total', type: 'counter', labelNames: ['controller'] },
  { name: 'controller_runtime_terminal_reconcile_errors_total', type: 'counter', labelNames: ['controller'] },
  { name: 'controller_runtime_reconcile_panics_total', type: 'counter', labelNames: ['controller'] },
  { name: 'controller_runtime_reconcile_timeouts_total', type: 'counter', labelNames: ['controller'] },
  {
    name: 'controller_runtime_reconcile_time_seconds',
    type: 'histogram',
    labelNames: ['controller'],
    buckets: [0.005, 60, 40],
  },
  { name: 'controller_runtime_max_concurrent_reconciles', type: 'gauge', labelNames: ['controller'] },
  { name: 'controller_runtime_active_workers', type: 'gauge', labelNames: ['controller'] },
  { name: 'workqueue_depth', type: 'gauge', labelNames: ['name', 'controller', 'priority'] },
  { name: 'workqueue_adds_total', type: 'counter', labelNames: ['name', 'controller'] },
  {
    name: 'workqueue_queue_duration_seconds',
    type: 'histogram',
    labelNames: ['name', 'controller'],
    buckets: [1e-8, 1000, 12],
  },
  {
    name: 'workqueue_work_duration_seconds',
    type: 'histogram',
    labelNames: ['name', 'controller'],
    buckets: [1e-8, 1000, 12],
  },
  { name: 'workqueue_unfinished_work_seconds', type: 'gauge', labelNames: ['name', 'controller'] },
  { name: 'workqueue_longest_running_processor_seconds', type: 'gauge', labelNames: ['name', 'controller'] },
  { name: 'workqueue_retries_total', type: 'counter', labelNames: ['name', 'controller'] },
  { name: 'rest_client_requests_total', type: 'counter', labelNames: ['code', 'method', 'host'] },
  {
    name: 'rest_client_request_duration_seconds',
    type: 'histogram',
    labelNames: ['verb', 'host'],
    buckets: [0.005, 60, 12],
  },
  { name: 'leader_election_master_status', type: 'gauge', labelNames: ['name'] },
  { name: 'leader_election_slowpath_total', type: 'counter', labelNames: ['name'] },
];

test.each(upstream)('$name is what controller-runtime and client-go export', async (expected) => {
  const { name, type, labelNames, buckets } = expected;
  const { registry } = observed();
  const metric = registry.getSingleMetric(name);
  expect(metric).toMatchObject({ labelNames });
  expect((await metric?.get())?.type).toBe(type);
  if (buckets !== undefined) {
    const bounds: unknown = Reflect.get(metric ?? {}, 'upperBounds');
    expect(Array.isArray(bounds) && [bounds[0], bounds.at(-1), bounds.length]).toEqual(buckets);
  }
});

test('metrics without an upstream name carry the prefix they were given', async () => {
  const names = (await observed().registry.getMetricsAsJSON()).map(({ name }) => name);
  const known = new Set(upstream.map(({ name }) => name));
  const own = names.filter((name) => !known.has(name) && name !== 'rest_client_request_retries_total');
  expect(own.length).toBeGreaterThan(0);
  expect(own.filter((name) => !name.startsWith('test_'))).toEqual([]);
});
