import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Makes metrics in one registry: name, help and labels, nothing else to think of. */
export function metricFactory(registry: Registry) {
  const registers = [registry];
  return {
    counter: <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name, help, labelNames, registers }),
    /** `collect` is called at every scrape, before the gauge is read. */
    gauge: <L extends string>(name: string, help: string, labelNames: L[], collect?: () => void): Gauge<L> =>
      new Gauge({ name, help, labelNames, registers, ...(collect && { collect }) }),
    histogram: <L extends string>(
      name: string,
      help: string,
      labelNames: L[],
      buckets: number[],
    ): Histogram<L> => new Histogram({ name, help, labelNames, buckets, registers }),
  };
}
