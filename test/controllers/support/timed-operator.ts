import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createOperator } from '../../../src/controllers/operator.ts';
import { DIRECT } from '../../../src/net/proxy-rule.ts';
import { ManualClock } from '../../async/fixtures/manual-clock.ts';
import type { TestNamespace } from './namespace.ts';

type Labels = Readonly<Record<string, string | number | undefined>>;

/** The operator in this process, on a clock that the test moves. */
export interface TimedOperator extends AsyncDisposable {
  /** Lets time pass in steps; what a step has begun ends before the next one. */
  pass(ms: number, stepMs: number): Promise<void>;
  /** The sum of the series of a metric whose labels fit. */
  total(name: string, fits?: (labels: Labels) => boolean): Promise<number>;
}

/** Starts at the present, because files in a bucket carry its dates. */
class ClockFromNow extends ManualClock {
  readonly #start = Date.now();

  override now(): Date {
    return new Date(this.#start + this.monotonic());
  }
}

/** Starts the operator for one namespace. Redis and S3 servers stay in the present. */
export function startTimedOperator(namespace: TestNamespace): TimedOperator {
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
  const total: TimedOperator['total'] = async (name, fits = () => true) => {
    const metric = await registry.getSingleMetric(name)?.get();
    return (metric?.values ?? [])
      .filter(({ labels }) => fits(labels))
      .reduce((sum, { value }) => sum + value, 0);
  };
  const isBusy = async (): Promise<boolean> =>
    (await total('controller_runtime_active_workers')) + (await total('workqueue_depth')) > 0;
  return {
    total,
    async pass(ms, stepMs) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await clock.advance(stepMs);
        do {
          await delay(5);
          // Some of the work waits for milliseconds of this clock.
          await clock.advance(5);
        } while (await isBusy());
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
