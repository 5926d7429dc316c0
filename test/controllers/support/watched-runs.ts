import type { RunStage } from '../../../src/recovery/observer.ts';
import { poll } from '../../harness/poll.ts';
import { adminClient } from './api-client.ts';
import { runsInformer } from './crowd.ts';
import type { TestNamespace } from './namespace.ts';

/**
 * The runs of a namespace as a watch shows them. Who asks for a run again and again can miss a stage on a
 * loaded machine.
 */
export interface WatchedRuns extends AsyncDisposable {
  /** Resolves as soon as the run was seen in this stage. */
  reached(name: string, stage: RunStage): Promise<void>;
}

/** Starts the watch. */
export async function watchRuns({ cluster, name: namespace }: TestNamespace): Promise<WatchedRuns> {
  const client = adminClient(cluster);
  const informer = runsInformer(client, namespace);
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  const seen = new Set<string>();
  informer.store.subscribe(({ object: { metadata, status } }) => {
    seen.add(`${metadata.name} ${status.progress?.stage}`);
  });
  return {
    reached: async (name, stage) => {
      await poll(`run ${name} to reach ${stage}`, () => seen.has(`${name} ${stage}`), { intervalMs: 1 });
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
      await client.close();
    },
  };
}
