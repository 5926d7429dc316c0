import { systemClock } from '../../../async/clock.ts';
import { sleep } from '../../../async/sleep.ts';
import type { APIClient } from '../../../kube/client/api-client.ts';
import { APIError, isForbidden } from '../../../kube/client/api-error.ts';
import { ConnectionError } from '../../../kube/client/connection-error.ts';
import { type ControllerPod, controllerContainer } from './controller-pods.ts';
import { type LogLine, parseLogLine } from './log-line.ts';

/** How long until pods are looked for again, in milliseconds. */
const lookEveryMs = 2_000;

/** What {@link followLogs} reads, and where lines go. */
export interface FollowOptions {
  readonly api: APIClient;
  readonly findPods: () => Promise<readonly ControllerPod[]>;
  /** Of a pod that is there at the start. */
  readonly sinceSeconds: number | undefined;
  readonly onLine: (line: LogLine) => void;
  /** Called when a log breaks off, once for each cause; it is taken up again. */
  readonly onBreak: (pod: ControllerPod, error: Error) => void;
  readonly signal: AbortSignal;
}

/** Where the reading of a pod's log stands. */
interface Place {
  isOpen: boolean;
  /** Of the last line that had a time. */
  time: string;
  /** Lines of that time: they come again when the log is taken up again. */
  atTime: Set<string>;
  /** When the log broke off, on the monotonic clock. */
  brokeAt: number | undefined;
  /** Why, as it was reported last. */
  cause: string;
}

/**
 * Follows the logs of all pods, also of those that start later and of containers that are started again,
 * until `signal` aborts; then it throws the signal's reason.
 */
export async function followLogs(options: FollowOptions): Promise<never> {
  const places = new Map<string, Place>();
  let refusal: unknown;
  for (;;) {
    for (const pod of await options.findPods()) {
      const place = places.get(pod.uid) ?? {
        isOpen: false,
        time: '',
        atTime: new Set(),
        brokeAt: undefined,
        cause: '',
      };
      places.set(pod.uid, place);
      if (!place.isOpen) {
        place.isOpen = true;
        followOne(pod, place, options).catch((error: unknown) => {
          refusal ??= error;
        });
      }
    }
    await sleep(systemClock, lookEveryMs, options.signal);
    if (refusal !== undefined) {
      throw refusal;
    }
  }
}

/** Until the log ends; the place says from where it continues. */
async function followOne(pod: ControllerPod, place: Place, options: FollowOptions): Promise<void> {
  const { api, onLine, onBreak, signal } = options;
  const sinceSeconds =
    place.brokeAt === undefined
      ? options.sinceSeconds
      : Math.ceil((systemClock.monotonic() - place.brokeAt) / 1_000) + 10;
  try {
    const lines = api.log(pod, { container: controllerContainer, follow: true, sinceSeconds, signal });
    for await (const raw of lines) {
      const line = parseLogLine(raw);
      place.cause = '';
      if (isNew(line, place)) {
        onLine(line);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isForbidden(error) || !(error instanceof APIError || error instanceof ConnectionError)) {
      throw error;
    }
    if (place.cause !== error.message) {
      place.cause = error.message;
      onBreak(pod, error);
    }
  } finally {
    place.brokeAt = systemClock.monotonic();
    place.isOpen = false;
  }
}

/** A log that is taken up again begins a little earlier than it broke off. */
function isNew({ time, raw }: LogLine, place: Place): boolean {
  if (time === '') {
    return true;
  }
  if (time < place.time || (time === place.time && place.atTime.has(raw))) {
    return false;
  }
  if (time > place.time) {
    place.time = time;
    place.atTime = new Set();
  }
  place.atTime.add(raw);
  return true;
}
