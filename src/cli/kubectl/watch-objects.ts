import { type Clock, systemClock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { isExpired } from '../../kube/client/api-error.ts';
import type { ObjectSelector } from '../../kube/client/call-options.ts';
import { ConnectionError } from '../../kube/client/connection-error.ts';
import type { KubernetesObject } from '../../kube/client/object.ts';
import { formatObjectKey } from '../../kube/client/object-key.ts';
import type { Resource } from '../../kube/client/resource.ts';

const retryMs = 1_000;
const watchSeconds = 300;
/** Above the minute between bookmarks: silence for longer means that the connection is gone. */
const idleTimeoutMs = 150_000;

/**
 * The objects of the selection, all of them, now and after every change, sorted by namespace and name, until
 * `signal` aborts (then it throws the signal's reason).
 *
 * A failure of the very first request is thrown: it is a mistake in the kubeconfig more often than not. Later
 * ones are retried every second, because a person who watches a recovery must not lose sight of it when the
 * API server restarts.
 *
 * @param onOutage called with each of these failures: what was yielded last may be old
 */
export async function* watchObjects<T extends KubernetesObject>(
  api: APIClient,
  resource: Resource<T>,
  selection: ObjectSelector,
  signal: AbortSignal,
  onOutage: (error: ConnectionError) => void,
  clock: Clock = systemClock,
): AsyncGenerator<readonly T[], never, undefined> {
  let seen = false;
  for (;;) {
    try {
      const list = await api.list(resource, { ...selection, signal });
      seen = true;
      const byKey = new Map(list.items.map((object) => [formatObjectKey(object.metadata), object]));
      yield sorted(byKey);
      const watch = { ...selection, resourceVersion: list.resourceVersion, timeoutSeconds: watchSeconds };
      for await (const event of api.watch(resource, { ...watch, idleTimeoutMs, signal })) {
        if (event.type === 'BOOKMARK') {
          continue;
        }
        const key = formatObjectKey(event.object.metadata);
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
      if (error instanceof ConnectionError) {
        onOutage(error);
      }
      await sleep(clock, retryMs, signal);
    }
  }
}

function sorted<T>(byKey: ReadonlyMap<string, T>): readonly T[] {
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
