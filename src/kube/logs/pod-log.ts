import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import { APIError } from '../client/api-error.ts';
import type { CallOptions } from '../client/call-options.ts';
import { ConnectionError } from '../client/connection-error.ts';
import type { ObjectKey } from '../client/object-key.ts';
import { type Resource, resourcePath } from '../client/resource.ts';
import type { Transport } from '../client/transport.ts';
import { readLogStream } from './log-stream.ts';

/** Where pods are; who reads them says what of them. */
export const podResource = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
} as const satisfies Resource;

/** Which lines of a container's log are wanted. */
export interface PodLogOptions extends CallOptions {
  readonly container: string;
  /** Stays open and waits for lines to come. */
  readonly follow?: boolean | undefined;
  /** Only lines that are younger than this many seconds. */
  readonly sinceSeconds?: number | undefined;
  /** The log of the container before this one, of a pod whose container was started again. */
  readonly previous?: boolean | undefined;
}

/**
 * The log of one container, line by line, from the oldest that its node still has. It ends with the
 * container, and without `follow` with the last line there is. Ending the iteration closes the connection.
 *
 * @param timeoutMs until the first answer, and between two parts of it; with `follow` silence is no failure
 * @throws what the API client throws
 */
export async function* readPodLog(
  transport: Transport,
  clock: Clock,
  timeoutMs: number,
  key: ObjectKey,
  { container, follow = false, sinceSeconds, previous, signal }: PodLogOptions,
): AsyncGenerator<string, void, undefined> {
  const path = resourcePath(podResource, { ...key, subresource: 'log' });
  const call = `GET ${path}`;
  const silent = (): ConnectionError =>
    new ConnectionError('Timeout', `${call}: nothing arrived for ${timeoutMs} ms`);
  const longest = follow ? Number.POSITIVE_INFINITY : timeoutMs;
  using deadline = new TimeoutSignal(clock, longest, silent, signal);
  const body = await transport.stream({
    method: 'GET',
    path,
    query: { container, follow, sinceSeconds, previous },
    idempotent: true,
    mayStaySilent: follow,
    signal: deadline.signal,
  });
  try {
    yield* readLogStream(withActivity(body, () => deadline.restart(longest)));
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof APIError ? error : ConnectionError.from(call, error);
  } finally {
    body.destroy();
  }
}

async function* withActivity(
  body: AsyncIterable<Uint8Array>,
  onActivity: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    onActivity();
    yield chunk;
  }
}
