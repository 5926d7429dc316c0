import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Every metric of the shim, declared once. */
export class ShimMetrics {
  readonly requests: Counter<'route' | 'method' | 'code'>;
  readonly duration: Histogram<'route'>;
  readonly inFlight: Gauge;
  readonly undecided: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'bootstrap_recovery_shim_requests_total',
      help: 'Number of HTTP requests by route, method and status code; aborted: the client hung up first. Other paths count as unmatched.',
      labelNames: ['route', 'method', 'code'],
      registers,
    });
    this.duration = new Histogram({
      name: 'bootstrap_recovery_shim_request_duration_seconds',
      help: "Time from a request's headers to the end of its answer, by route. A recovery waits for the controller's decision.",
      labelNames: ['route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
      registers,
    });
    this.inFlight = new Gauge({
      name: 'bootstrap_recovery_shim_requests_in_flight',
      help: 'Number of HTTP requests being served.',
      registers,
    });
    this.undecided = new Counter({
      name: 'bootstrap_recovery_shim_undecided_total',
      help: 'Number of recoveries answered with 202 before the controller decided. More than a few: no controller is working.',
      registers,
    });
  }
}
