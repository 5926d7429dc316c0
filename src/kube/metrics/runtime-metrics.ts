import type { Counter, Gauge, Registry } from 'prom-client';
import { ControllerRuntimeMetrics } from './controller-runtime-metrics.ts';
import { metricFactory } from './metric-factory.ts';

/** Names the metrics this library adds to those of client-go and controller-runtime. */
export interface MetricsOptions {
  readonly registry: Registry;
  /** Prefix of the metrics that have no upstream name, for example `bootstrap_recovery`. */
  readonly prefix: string;
}

/** Every metric of the runtime, declared once: the models' own, and what they have no name for. */
export class RuntimeMetrics extends ControllerRuntimeMetrics {
  readonly watchStarts: Counter<'resource'>;
  readonly watchErrors: Counter<'resource' | 'reason'>;
  readonly watchLastActivity: Gauge<'resource' | 'namespace'>;
  readonly relists: Counter<'resource' | 'reason'>;
  readonly handlerErrors: Counter<'resource'>;
  readonly statusApplies: Counter<'resource' | 'result'>;
  readonly events: Counter<'result'>;

  constructor({ registry, prefix }: MetricsOptions) {
    super(registry);
    const { counter, gauge } = metricFactory(registry);
    this.watchStarts = counter(
      `${prefix}_watch_starts_total`,
      'Number of watch connections opened, by resource. A rate above one per five minutes and namespace needs a look.',
      ['resource'],
    );
    this.watchErrors = counter(
      `${prefix}_watch_errors_total`,
      'Number of lists and watches that failed, by resource and reason. Each was retried with backoff.',
      ['resource', 'reason'],
    );
    this.watchLastActivity = gauge(
      `${prefix}_watch_last_event_seconds`,
      'Seconds since a watch last received anything, bookmarks included. Above three minutes it is being replaced.',
      ['resource', 'namespace'],
    );
    this.relists = counter(
      `${prefix}_relist_total`,
      'Number of full lists, by resource and reason: initial, expired, error, short_watches, periodic.',
      ['resource', 'reason'],
    );
    this.handlerErrors = counter(
      `${prefix}_handler_errors_total`,
      'Number of exceptions thrown by event handlers. Any value but zero is a defect in the controller.',
      ['resource'],
    );
    this.statusApplies = counter(
      `${prefix}_status_apply_total`,
      'Number of status writes by result: applied, unchanged (no call was made), conflict, error.',
      ['resource', 'result'],
    );
    this.events = counter(
      `${prefix}_events_total`,
      'Number of Kubernetes events by result: created, aggregated, dropped, failed.',
      ['result'],
    );
  }
}
