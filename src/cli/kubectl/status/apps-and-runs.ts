import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { bootstrapRecoveries, bootstrapStates } from '../../../api/resources.ts';
import type { APIClient } from '../../../kube/client/api-client.ts';
import { isForbidden, isNotFound } from '../../../kube/client/api-error.ts';
import type { ObjectSelector } from '../../../kube/client/call-options.ts';
import type { ConnectionError } from '../../../kube/client/connection-error.ts';
import type { Resource } from '../../../kube/client/resource.ts';
import { watchObjects } from '../watch-objects.ts';

const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;
const states: Resource<BootstrapState> = bootstrapStates;

/** What `status` shows: the apps that are known and the runs there are. */
export interface AppsAndRuns {
  readonly states: readonly BootstrapState[];
  readonly runs: readonly BootstrapRecovery[];
  /** Why there are no states, when the API server does not give them; undefined when it does. */
  readonly withoutStates?: string;
}

/**
 * The situation at this moment. Without the right to list states, or without their CRD, it has the runs
 * alone.
 */
export async function readAppsAndRuns(
  api: APIClient,
  selection: ObjectSelector,
  signal: AbortSignal,
): Promise<AppsAndRuns> {
  const [listedRuns, listedStates] = await Promise.all([
    api.list(runs, { ...selection, signal }),
    api.list(states, { ...selection, signal }).catch(refusal),
  ]);
  return situation(listedRuns.items, typeof listedStates === 'string' ? listedStates : listedStates.items);
}

/**
 * The situation now and after every change, until `signal` aborts; then the signal's reason is thrown.
 *
 * @param onOutage see {@link watchObjects}
 */
export async function* watchAppsAndRuns(
  api: APIClient,
  selection: ObjectSelector,
  signal: AbortSignal,
  onOutage: (error: ConnectionError) => void,
): AsyncGenerator<AppsAndRuns, void, undefined> {
  using ending = new ConsumerSignal(signal);
  const runStream = watchObjects(api, runs, selection, ending.signal, onOutage);
  const stateStream = watchStates(api, selection, ending.signal, onOutage);
  let knownRuns: readonly BootstrapRecovery[] | undefined;
  let knownStates: readonly BootstrapState[] | string | undefined;
  let nextRuns = requestNext(runStream);
  let nextStates = requestNext(stateStream);
  for (;;) {
    const changed = await Promise.race([
      nextRuns.then(() => 'runs' as const),
      nextStates.then(() => 'states' as const),
    ]);
    if (changed === 'runs') {
      knownRuns = (await nextRuns).value;
      nextRuns = requestNext(runStream);
    } else {
      knownStates = (await nextStates).value;
      nextStates = requestNext(stateStream);
    }
    if (knownRuns !== undefined && knownStates !== undefined) {
      yield situation(knownRuns, knownStates);
    }
  }
}

/**
 * The next value. It may fail while the consumer has the last one: the race after that reports the failure.
 */
function requestNext<T>(stream: AsyncGenerator<T, never, undefined>): Promise<IteratorResult<T, never>> {
  const next = stream.next();
  next.catch(() => undefined);
  return next;
}

/** Aborts with the outer signal, and when the consumer leaves: neither watch outlives the loop. */
class ConsumerSignal implements Disposable {
  readonly #own = new AbortController();
  readonly signal: AbortSignal;

  constructor(outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#own.signal]);
  }

  [Symbol.dispose](): void {
    this.#own.abort();
  }
}

/** Yields a text, and nothing more until `signal` aborts, when the API server does not give states. */
async function* watchStates(
  api: APIClient,
  selection: ObjectSelector,
  signal: AbortSignal,
  onOutage: (error: ConnectionError) => void,
): AsyncGenerator<readonly BootstrapState[] | string, never, undefined> {
  try {
    return yield* watchObjects(api, states, selection, signal, onOutage);
  } catch (error) {
    yield refusal(error);
    return await new Promise<never>((_, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) {
        abort();
      }
    });
  }
}

/** The message of a refusal that leaves the runs to be shown; every other error is thrown. */
function refusal(error: unknown): string {
  if (error instanceof Error && (isForbidden(error) || isNotFound(error))) {
    return error.message;
  }
  throw error;
}

function situation(
  listedRuns: readonly BootstrapRecovery[],
  listedStates: readonly BootstrapState[] | string,
): AppsAndRuns {
  return typeof listedStates === 'string'
    ? { runs: listedRuns, states: [], withoutStates: listedStates }
    : { runs: listedRuns, states: listedStates };
}
