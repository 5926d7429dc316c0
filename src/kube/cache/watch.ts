import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { APIError } from '../client/api-error.ts';
import type { WatchCallOptions } from '../client/call-options.ts';
import { ConnectionError } from '../client/connection-error.ts';
import type { KubernetesObject } from '../client/object.ts';
import { type Resource, resourcePath } from '../client/resource.ts';
import type { Transport } from '../client/transport.ts';
import { readWatchStream, type WatchEvent } from './watch-stream.ts';

/**
 * One watch, until the server closes it. One timer guards it all the way: until the headers it is the limit
 * of the call, from then on it is an idle timer that every byte restarts. Ending the iteration closes the
 * connection.
 *
 * @param timeoutMs until the headers
 */
export async function* openWatch<T extends KubernetesObject>(
  transport: Transport,
  clock: Clock,
  timeoutMs: number,
  resource: Resource<T>,
  options: WatchCallOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const path = resourcePath(resource, { namespace: options.namespace });
  const call = `WATCH ${path}`;
  const { idleTimeoutMs } = options;
  let opened = false;
  const silent = () =>
    opened
      ? new ConnectionError('Idle', `${call}: nothing arrived for ${idleTimeoutMs} ms, not even a bookmark`)
      : new ConnectionError('Timeout', `${call}: no answer within ${timeoutMs} ms`);
  using deadline = new TimeoutSignal(clock, timeoutMs, silent, options.signal);
  const body = await transport.stream({
    method: 'GET',
    path,
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    },
    idempotent: true,
    signal: deadline.signal,
  });
  opened = true;
  const onActivity = (): void => {
    deadline.restart(idleTimeoutMs);
    options.onActivity?.();
  };
  try {
    onActivity();
    yield* readWatchStream<T>(call, body, onActivity);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error instanceof APIError ? error : ConnectionError.from(call, error);
  } finally {
    body.destroy();
  }
}
