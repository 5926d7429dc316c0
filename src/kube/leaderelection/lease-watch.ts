import type { Logger } from 'pino';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import type { WatchEvent } from '../cache/watch-stream.ts';
import type { APIClient } from '../client/api-client.ts';
import { LEASES, type Lease } from './lease.ts';

/** Options of {@link watchLease}. */
export interface LeaseWatchOptions {
  readonly client: Pick<APIClient, 'watch'>;
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds between the end of a watch and the next one. */
  readonly pauseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long the server keeps a watch open, and how long it may be silent: bookmarks come every minute. */
const watchSeconds = 600;
const idleTimeoutMs = 150_000;

/**
 * Calls `onFree` whenever a lease is seen that has no holder, and when it is deleted, until `signal` aborts.
 * A hint, so that a standby need not wait for its turn to ask: what it does then, it decides on the lease as
 * the API server has it. Without the permission or a connection there are no hints. Never rejects.
 */
export async function watchLease(
  { client, namespace, name, pauseMs, clock, logger }: LeaseWatchOptions,
  onFree: () => void,
  signal: AbortSignal,
): Promise<void> {
  // From any state: the first event is the lease as it stands, which may be free since it was last read.
  const from = { namespace, fieldSelector: `metadata.name=${name}`, resourceVersion: '0' };
  while (!signal.aborted) {
    try {
      const options = { ...from, timeoutSeconds: watchSeconds, idleTimeoutMs, signal };
      for await (const event of client.watch(LEASES, options)) {
        if (isFree(event)) {
          onFree();
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        logger.debug({ err: error }, 'the lease is not watched; a change of hands shows at the next read');
      }
    }
    await sleep(clock, pauseMs, signal).catch(() => undefined);
  }
}

function isFree(event: WatchEvent<Lease>): boolean {
  return event.type === 'DELETED' || (event.type !== 'BOOKMARK' && !event.object.spec?.holderIdentity);
}
