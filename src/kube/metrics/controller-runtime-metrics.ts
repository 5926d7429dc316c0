import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metricFactory } from './metric-factory.ts';

/** Sets a gauge at scrape time. */
type Refresh = () => void;

/** controller-runtime's buckets for reconcile time, in seconds. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
  1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** client-go's work queue buckets: 10 ns to 1000 s, each ten times the last. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, index) => Number(`1e${index - 8}`));
/** component-base's buckets for requests to the API server, in seconds. */
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0];

/**
 * What controller-runtime and client-go export: names, labels, help texts and buckets are theirs, so that
 * dashboards and alerts written for Go controllers work unchanged.
 */
export class ControllerRuntimeMetrics {
  // controller-runtime: pkg/internal/controller/metrics
  readonly reconcileTotal: Counter<'controller' | 'result'>;
  readonly reconcileErrors: Counter<'controller'>;
  readonly terminalReconcileErrors: Counter<'controller'>;
  readonly reconcilePanics: Counter<'controller'>;
  readonly reconcileTimeouts: Counter<'controller'>;
  readonly reconcileTime: Histogram<'controller'>;
  readonly maxConcurrentReconciles: Gauge<'controller'>;
  readonly activeWorkers: Gauge<'controller'>;
  // controller-runtime: pkg/internal/metrics/workqueue
  readonly queueDepth: Gauge<'name' | 'controller' | 'priority'>;
  readonly queueAdds: Counter<'name' | 'controller'>;
  readonly queueDuration: Histogram<'name' | 'controller'>;
  readonly workDuration: Histogram<'name' | 'controller'>;
  readonly unfinishedWork: Gauge<'name' | 'controller'>;
  readonly longestRunningProcessor: Gauge<'name' | 'controller'>;
  readonly queueRetries: Counter<'name' | 'controller'>;
  // client-go: tools/metrics, tools/leaderelection
  readonly requests: Counter<'code' | 'method' | 'host'>;
  readonly requestDuration: Histogram<'verb' | 'host'>;
  readonly requestRetries: Counter<'code' | 'verb' | 'host'>;
  readonly leaderStatus: Gauge<'name'>;
  readonly leaderSlowpath: Counter<'name'>;

  readonly #refreshes = new Set<Refresh>();

  constructor(registry: Registry) {
    const { counter, gauge, histogram } = metricFactory(registry);
    const queue: ('name' | 'controller')[] = ['name', 'controller'];

    this.reconcileTotal = counter(
      'controller_runtime_reconcile_total',
      'Total number of reconciliations per controller',
      ['controller', 'result'],
    );
    this.reconcileErrors = counter(
      'controller_runtime_reconcile_errors_total',
      'Total number of reconciliation errors per controller',
      ['controller'],
    );
    this.terminalReconcileErrors = counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Total number of terminal reconciliation errors per controller',
      ['controller'],
    );
    this.reconcilePanics = counter(
      'controller_runtime_reconcile_panics_total',
      'Total number of reconciliation panics per controller',
      ['controller'],
    );
    this.reconcileTimeouts = counter(
      'controller_runtime_reconcile_timeouts_total',
      'Total number of reconciliation timeouts per controller',
      ['controller'],
    );
    this.reconcileTime = histogram(
      'controller_runtime_reconcile_time_seconds',
      'Length of time per reconciliation per controller',
      ['controller'],
      RECONCILE_BUCKETS,
    );
    this.maxConcurrentReconciles = gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Maximum number of concurrent reconciles per controller',
      ['controller'],
    );
    this.activeWorkers = gauge(
      'controller_runtime_active_workers',
      'Number of currently used workers per controller',
      ['controller'],
    );

    this.queueDepth = gauge('workqueue_depth', 'Current depth of workqueue by workqueue and priority', [
      ...queue,
      'priority',
    ]);
    this.queueAdds = counter('workqueue_adds_total', 'Total number of adds handled by workqueue', queue);
    this.queueDuration = histogram(
      'workqueue_queue_duration_seconds',
      'How long in seconds an item stays in workqueue before being requested',
      queue,
      QUEUE_BUCKETS,
    );
    this.workDuration = histogram(
      'workqueue_work_duration_seconds',
      'How long in seconds processing an item from workqueue takes.',
      queue,
      QUEUE_BUCKETS,
    );
    const refresh = () => {
      for (const each of this.#refreshes) {
        each();
      }
    };
    // The first of the gauges below refreshes all of them: prom-client collects in order of registration.
    this.unfinishedWork = gauge(
      'workqueue_unfinished_work_seconds',
      "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. " +
        'Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at ' +
        'which this increases.',
      queue,
      refresh,
    );
    this.longestRunningProcessor = gauge(
      'workqueue_longest_running_processor_seconds',
      'How many seconds has the longest running processor for workqueue been running.',
      queue,
    );
    this.queueRetries = counter(
      'workqueue_retries_total',
      'Total number of retries handled by workqueue',
      queue,
    );

    this.requests = counter(
      'rest_client_requests_total',
      'Number of HTTP requests, partitioned by status code, method, and host.',
      ['code', 'method', 'host'],
    );
    this.requestDuration = histogram(
      'rest_client_request_duration_seconds',
      'Request latency in seconds. Broken down by verb, and host.',
      ['verb', 'host'],
      REQUEST_BUCKETS,
    );
    this.requestRetries = counter(
      'rest_client_request_retries_total',
      'Number of request retries, partitioned by status code, verb, and host.',
      ['code', 'verb', 'host'],
    );
    this.leaderStatus = gauge(
      'leader_election_master_status',
      "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
      ['name'],
    );
    this.leaderSlowpath = counter(
      'leader_election_slowpath_total',
      "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease. Please make sure to group by name.",
      ['name'],
    );
  }

  /** Has `refresh` called at every scrape, for gauges that are ages. The returned function stops that. */
  onScrape(refresh: Refresh): () => void {
    this.#refreshes.add(refresh);
    return () => this.#refreshes.delete(refresh);
  }
}
