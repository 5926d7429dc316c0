import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries } from '../../api/resources.ts';
import { type Clock, systemClock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isExpired } from '../../kube/client/api-error.ts';
import type { Selection } from '../../kube/client/call-options.ts';
import { ConnectionError } from '../../kube/client/connection-error.ts';
import { formatKey } from '../../kube/client/object-key.ts';
import type { Resource } from '../../kube/client/resource.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
const retryMs = 1_000;
const watchSeconds = 300;
/** Above the minute between bookmarks: silence for longer means that the connection is gone. */
const idleTimeoutMs = 150_000;

/**
 * The runs of the selection, all of them, now and after every change, sorted by namespace and name, until `signal`
 * aborts (then it throws the signal's reason).
 *
 * A failure of the very first request is thrown: it is a mistake in the kubeconfig more often than not. Later ones
 * are retried every second, because a person who watches a recovery must not lose sight of it when the API server
 * restarts.
 */
export async function* watchRuns(
  api: APIClient,
  selection: Selection,
  signal: AbortSignal,
  clock: Clock = systemClock,
): AsyncGenerator<readonly BootstrapRecovery[], never, undefined> {
  let seen = false;
  for (;;) {
    try {
      const list = await api.list(runs, { ...selection, signal });
      seen = true;
      const byKey = new Map(list.items.map((run) => [formatKey(run.metadata), run]));
      yield sorted(byKey);
      const watch = { ...selection, resourceVersion: list.resourceVersion, timeoutSeconds: watchSeconds };
      for await (const event of api.watch(runs, { ...watch, idleTimeoutMs, signal })) {
        if (event.type === 'BOOKMARK') {
          continue;
        }
        const key = formatKey(event.object.metadata);
        if (event.type === 'DELETED') {
          byKey.delete(key);
        } else {
          byKey.set(key, event.object);
        }
        yield sorted(byKey);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!seen || !(error instanceof ConnectionError || isExpired(error))) {
        throw error;
      }
      await sleep(clock, retryMs, signal);
    }
  }
}

function sorted(byKey: ReadonlyMap<string, BootstrapRecovery>): readonly BootstrapRecovery[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, run]) => run);
}
