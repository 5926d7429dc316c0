import { APIError, type APIStatus } from '../client/api-error.ts';
import { ConnectionError } from '../client/connection-error.ts';
import type { KubernetesObject } from '../client/object.ts';

/** What a watch delivers. A bookmark says how far the stream has come, and nothing else. */
export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/**
 * An object in etcd is at most 1.5 MB by default; a longer line means the other side does not speak this
 * protocol.
 */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Turns the body of a watch into events, one JSON document a line. Reading is paced by the consumer, so a
 * slow consumer slows the server down instead of filling memory. Only whole lines are decoded: a connection
 * cut in the middle of an event (or of a character) loses that event, which the next watch repeats.
 *
 * An ERROR event is thrown as the `APIError` it carries; a line that is not an event is a `Malformed`
 * `ConnectionError`.
 *
 * @param onActivity called for everything that arrives, for idle timers.
 */
export async function* readWatchStream<T extends KubernetesObject>(
  call: string,
  body: AsyncIterable<Uint8Array>,
  onActivity: () => void,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    onActivity();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') {
        yield parseEvent<T>(call, line);
      }
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) {
      throw new ConnectionError('Malformed', `${call}: a watch event exceeds ${MAX_LINE_BYTES} bytes`);
    }
  }
}

function parseEvent<T extends KubernetesObject>(call: string, line: string): WatchEvent<T> {
  const event = parseJSON(call, line);
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) {
    throw malformed(call, line);
  }
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isObject(object)) {
        throw malformed(call, line);
      }
      // The server validated the object against its schema when it was stored; its type is the resource's.
      return { type, object: object as T };
    case 'BOOKMARK':
      if (!isObject(object)) {
        throw malformed(call, line);
      }
      return { type, resourceVersion: object.metadata.resourceVersion };
    case 'ERROR': {
      // A metav1.Status, all of whose fields are read as optional.
      const status = (object ?? {}) as APIStatus;
      throw new APIError(call, status.code ?? 500, status);
    }
    default:
      throw malformed(call, line);
  }
}

function parseJSON(call: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw malformed(call, line, cause);
  }
}

function isObject(value: unknown): value is KubernetesObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metadata' in value &&
    typeof value.metadata === 'object' &&
    value.metadata !== null &&
    'resourceVersion' in value.metadata &&
    typeof value.metadata.resourceVersion === 'string'
  );
}

/** Quotes no content: an event can hold a Secret. */
function malformed(call: string, line: string, cause?: unknown): ConnectionError {
  return new ConnectionError(
    'Malformed',
    `${call}: a line of ${line.length} characters is not a watch event`,
    { cause },
  );
}
