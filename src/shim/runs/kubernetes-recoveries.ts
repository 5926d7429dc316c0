import type { Logger } from 'pino';
import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { TimeoutSignal } from '../../async/timeout-signal.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { APIError, isAlreadyExists, isNotFound } from '../../kube/client/api-error.ts';
import { ConnectionError } from '../../kube/client/connection-error.ts';
import type { ObjectKey } from '../../kube/client/object-key.ts';
import type { Tenant } from '../auth/tenants.ts';
import { HTTPError, retryLater } from '../http/answer.ts';
import { isDecided } from './controller-decision.ts';
import type { Recoveries, RecoveryRequest, StartedRecovery } from './recoveries.ts';
import { isFromHTTP, type RunCache, recoveryResource } from './run-cache.ts';
import { isFinished, waitsForLock } from './run-conditions.ts';
import { idempotencyLabelValue, type RunCreation, runManifest, startedFrom } from './run-creation.ts';
import { lastUIDOfChain, nextRunName } from './run-name.ts';

/** What {@link KubernetesRecoveries} need. */
export interface KubernetesRecoveriesOptions {
  readonly client: APIClient;
  readonly cache: RunCache;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Makes a unique id. */
  readonly newID: () => string;
  /** How long a finished run is kept; the server keeps its task records for 7 days. */
  readonly ttlSecondsAfterFinished: number;
}

/** How long a run is kept whose request was refused: it is an answer, not a history. */
const REFUSED_TTL_SECONDS = 3_600;

/** How long the API server may take with all that one request needs, in milliseconds. */
const START_TIMEOUT_MS = 8_000;

/** How often a run is read while its decision is awaited, in milliseconds. */
const READ_INTERVAL_MS = 2_000;

/**
 * How many taken names are followed before the cache must be so far behind that something is wrong with it.
 */
const MAX_STEPS = 10;

/**
 * How many runs of one admin may be unfinished before new ones are refused: every app of a large installation
 * at once, but no flood of objects while no controller is working. Shims count what they see, so a few more
 * can slip in at the same moment.
 */
const MAX_UNFINISHED = 100;

/** Recoveries as BootstrapRecovery objects. */
export class KubernetesRecoveries implements Recoveries {
  readonly #options: KubernetesRecoveriesOptions;

  constructor(options: KubernetesRecoveriesOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#options.cache.ready;
  }

  isReadyFor(tenant: Tenant): boolean {
    return this.#options.cache.hasSynced(tenant);
  }

  find(tenant: Tenant, uid: string): BootstrapRecovery | undefined {
    return this.#options.cache.byUID(tenant, uid);
  }

  async waitForDecision(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    const { cache, clock } = this.#options;
    // The watch delivers at once. Reading now and then is for when it is broken: its next try can be half a
    // minute away.
    for (let last = run; ; ) {
      using pause = new TimeoutSignal(clock, READ_INTERVAL_MS, () => new Error('time to read'), signal);
      const seen = await cache.waitForDecision(last, pause.signal);
      if (seen === undefined || isDecided(seen) || signal.aborted) {
        return seen;
      }
      const now = await this.#readIfPossible(seen, signal);
      if (now === undefined || isDecided(now)) {
        return now;
      }
      last = now;
    }
  }

  async start(request: RecoveryRequest): Promise<StartedRecovery> {
    const { clock, newID } = this.#options;
    const timedOut = () => new ConnectionError('Timeout', `no answer within ${START_TIMEOUT_MS} ms`);
    using deadline = new TimeoutSignal(clock, START_TIMEOUT_MS, timedOut);
    const creation = { request, requestID: newID(), signal: deadline.signal };
    try {
      return (await this.#existing(creation)) ?? (await this.#create(creation));
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async withdraw(run: BootstrapRecovery): Promise<void> {
    const { client, logger } = this.#options;
    const spec = {
      ttlSecondsAfterFinished: REFUSED_TTL_SECONDS,
      // It would continue later, although its caller was refused.
      ...(waitsForLock(run) && { cancel: true }),
    };
    try {
      await client.patch(recoveryResource, run.metadata, { type: 'merge', body: { spec } });
    } catch (error) {
      if (isNotFound(error)) {
        return;
      }
      if (!(error instanceof APIError || error instanceof ConnectionError)) {
        throw error;
      }
      const { name } = run.metadata;
      logger.warn(
        { run: name, problem: error.message },
        'a refused run could not be withdrawn; it ends at its deadline',
      );
    }
  }

  /**
   * What the cache knows of the request, confirmed: a caller must not be turned away by what is no longer
   * true.
   */
  async #existing(creation: RunCreation): Promise<StartedRecovery | undefined> {
    const { cache } = this.#options;
    const { request, signal } = creation;
    const label = idempotencyLabelValue(request);
    const sameKey = label === undefined ? undefined : cache.byIdempotencyLabel(request.tenant, label);
    if (sameKey !== undefined) {
      return startedFrom(creation, sameKey);
    }
    for (const run of cache.ofApp(request)) {
      if (run.spec.mode === 'Recover' && !isFinished(run)) {
        const now = await this.#read(run.metadata, signal);
        const started = now && startedFrom(creation, now);
        if (started !== undefined) {
          return started;
        }
      }
    }
    return cache.unfinishedOf(request) < MAX_UNFINISHED ? undefined : { kind: 'tooMany' };
  }

  /** Creates the next run of the app's chain, following the chain where others have gone on with it. */
  async #create(creation: RunCreation): Promise<StartedRecovery> {
    const { client, cache, ttlSecondsAfterFinished } = this.#options;
    const { request, signal } = creation;
    const manifest = (name: string) => runManifest(creation, name, ttlSecondsAfterFinished);
    const { namespace } = request.tenant;
    let predecessor = lastUIDOfChain(request, cache.ofApp(request).filter(isFromHTTP));
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const name = nextRunName(request, predecessor);
      try {
        return { kind: 'created', run: await client.create(recoveryResource, manifest(name), { signal }) };
      } catch (error) {
        // Where the answer was lost, the name tells what happened: it is free, or taken by this very request.
        if (!isAlreadyExists(error) && !isLost(error)) {
          throw error;
        }
      }
      const taken = await this.#read({ namespace, name }, signal);
      const started = taken && startedFrom(creation, taken);
      if (started !== undefined) {
        return started;
      }
      predecessor = taken?.metadata.uid ?? predecessor;
    }
    const text = 'Recovery could not be recorded: too many at once for this app; try again';
    throw new HTTPError(retryLater(503, text, 1));
  }

  /** The run as it is now, past the cache. */
  async #read(key: ObjectKey, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    try {
      return await this.#options.client.get(recoveryResource, key, { signal });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** The run as it is now, or as last seen when the API server does not answer; undefined when it is gone. */
  async #readIfPossible(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    try {
      return await this.#read(run.metadata, signal);
    } catch (error) {
      if (signal.aborted || error instanceof APIError || error instanceof ConnectionError) {
        return run;
      }
      throw error;
    }
  }

  /**
   * What the API server's refusals mean to a client: nothing but "later". Anything else is a defect, thrown
   * as it is.
   */
  #unavailable(error: unknown): unknown {
    if (!(error instanceof APIError || error instanceof ConnectionError)) {
      return error;
    }
    // The message says what to do; a stack would only say where the client is called.
    this.#options.logger.error({ problem: error.message }, 'the Kubernetes API did not take a recovery');
    const seconds = error instanceof APIError ? (error.retryAfterSeconds ?? 5) : 5;
    const text = 'Recovery could not be recorded: the Kubernetes API is not available; try again';
    return new HTTPError(retryLater(503, text, seconds), { cause: error });
  }
}

/** No answer came, although the API server may have done what was asked. */
function isLost(error: unknown): boolean {
  return error instanceof ConnectionError && (error.failure === 'Reset' || error.failure === 'Timeout');
}
