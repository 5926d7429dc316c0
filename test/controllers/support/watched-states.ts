import type { BootstrapState } from '../../../src/api/bootstrapstate.generated.ts';
import { bootstrapStates } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/async/clock.ts';
import { Informer } from '../../../src/kube/cache/informer.ts';
import { APIClient } from '../../../src/kube/client/api-client.ts';
import { observed } from '../../kube/fixtures/observed.ts';
import type { TestNamespace } from './namespace.ts';

/** Hears everything that is written about the apps of a namespace, however short it stays. */
export async function watchStates(
  { cluster, name: namespace }: TestNamespace,
  hear: (state: BootstrapState) => void,
): Promise<AsyncDisposable> {
  const { metrics, logger } = observed();
  const client = new APIClient({ loadConfig: () => cluster.kubeConfig(), userAgent: 'test', metrics });
  const informer = new Informer<BootstrapState>({
    client,
    resource: bootstrapStates,
    namespaces: [namespace],
    logger,
    metrics,
    clock: systemClock,
    random: Math.random,
  });
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  informer.store.subscribe(({ object }) => hear(object));
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
      await client.close();
    },
  };
}
