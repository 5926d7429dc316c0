import type { Logger } from 'pino';
import type { BootstrapRecovery, BootstrapRecoveryManifest } from '../api/bootstraprecovery.generated.ts';
import { apiVersion } from '../api/resources.ts';
import type { ApiClient } from '../kube/apiclient.ts';
import { ApiError, isAlreadyExists, isNotFound } from '../kube/apierror.ts';
import { ConnectionError } from '../kube/connectionerror.ts';
import { Refusal, retryLater } from './answer.ts';
import type { AppRef, Recoveries, RecoveryOrder, Started } from './recoveries.ts';
import { idempotencyLabel, originLabel, type RunCache, runs } from './run-cache.ts';
import { isFinished } from './run-conditions.ts';
import { keyLabelValue, lastOfChain, nextRunName } from './run-name.ts';

/** What {@link KubernetesRecoveries} are made of. */
export interface KubernetesRecoveriesOptions {
  readonly client: ApiClient;
  readonly cache: RunCache;
  readonly logger: Logger;
  /** How long a finished run is kept; the server keeps its task records for 7 days. */
  readonly ttlSecondsAfterFinished: number;
}

/** How long a run is kept whose request was refused: it is an answer, not a history. */
const REFUSED_TTL_SECONDS = 3_600;

/** How many taken names are followed before the cache must be so far behind that something is wrong with it. */
const MAX_STEPS = 10;

/** Recoveries as BootstrapRecovery objects. */
export class KubernetesRecoveries implements Recoveries {
  readonly #options: KubernetesRecoveriesOptions;

  constructor(options: KubernetesRecoveriesOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#options.cache.hasSynced;
  }

  find(uid: string): BootstrapRecovery | undefined {
    return this.#options.cache.byUid(uid);
  }

  async decided(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    return await this.#options.cache.decided(run, signal);
  }

  async start(order: RecoveryOrder): Promise<Started> {
    try {
      return (await this.#existing(order)) ?? (await this.#create(order));
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  async withdraw(run: BootstrapRecovery): Promise<void> {
    const { client, logger } = this.#options;
    const spec = {
      ttlSecondsAfterFinished: REFUSED_TTL_SECONDS,
      // A run that waits for a lock would go on later, although its caller was told no.
      ...(!isFinished(run) && { cancel: true }),
    };
    try {
      await client.patch(runs, run.metadata, { type: 'merge', body: { spec } });
    } catch (error) {
      if (isNotFound(error)) {
        return;
      }
      if (!(error instanceof ApiError || error instanceof ConnectionError)) {
        throw error;
      }
      logger.warn(
        { err: error, run: run.metadata.name },
        'a refused run could not be withdrawn; it ends by itself',
      );
    }
  }

  /** What the cache knows of the order, confirmed: a caller must not be turned away by what is no longer true. */
  async #existing(order: RecoveryOrder): Promise<Started | undefined> {
    const { cache } = this.#options;
    const sameKey = order.idempotencyKey === undefined ? undefined : cache.byKeyLabel(keyLabel(order) ?? '');
    if (sameKey !== undefined) {
      return this.#met(order, sameKey);
    }
    for (const run of cache.ofApp(order)) {
      if (run.spec.mode === 'Recover' && !isFinished(run)) {
        const now = await this.#read(run.metadata.namespace, run.metadata.name);
        const met = now === undefined ? undefined : this.#met(order, now);
        if (met !== undefined) {
          return met;
        }
      }
    }
    return undefined;
  }

  /** Creates the next run of the app's chain, following the chain where others have gone on with it. */
  async #create(order: RecoveryOrder): Promise<Started> {
    const { client, cache } = this.#options;
    const { namespace } = order.tenant;
    const chain = cache.ofApp(order).filter((run) => run.metadata.labels?.[originLabel] === 'http');
    let predecessor = lastOfChain(order, chain);
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const name = nextRunName(order, predecessor);
      try {
        return { kind: 'created', run: await client.create(runs, this.#manifest(order, name)) };
      } catch (error) {
        if (!isAlreadyExists(error)) {
          throw error;
        }
      }
      // Gone again when it is not found: then its name is free.
      const taken = await this.#read(namespace, name);
      const met = taken === undefined ? undefined : this.#met(order, taken);
      if (met !== undefined) {
        return met;
      }
      predecessor = taken?.metadata.uid ?? predecessor;
    }
    throw new Refusal(
      retryLater(503, 'Recovery could not be recorded: too many at once for this app; try again', 1),
    );
  }

  /** What it means for the order that this run is there; undefined: nothing. */
  #met(order: RecoveryOrder, run: BootstrapRecovery): Started | undefined {
    const label = keyLabel(order);
    if (label !== undefined && run.metadata.labels?.[idempotencyLabel] === label) {
      return isOf(order, run) ? { kind: 'repeated', run } : { kind: 'keyReused' };
    }
    return isFinished(run) ? undefined : { kind: 'inProgress' };
  }

  async #read(namespace: string | undefined, name: string): Promise<BootstrapRecovery | undefined> {
    try {
      return await this.#options.client.get(runs, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  #manifest(order: RecoveryOrder, name: string): BootstrapRecoveryManifest {
    const { tenant, admin, appName, timeoutSeconds } = order;
    const label = keyLabel(order);
    return {
      apiVersion,
      kind: 'BootstrapRecovery',
      metadata: {
        name,
        namespace: tenant.namespace,
        labels: { [originLabel]: 'http', ...(label !== undefined && { [idempotencyLabel]: label }) },
      },
      spec: {
        targetRef: { name: tenant.target },
        adminName: admin,
        appName,
        timeoutSeconds,
        ttlSecondsAfterFinished: this.#options.ttlSecondsAfterFinished,
      },
    };
  }

  /** What the API server's refusals mean to a client: nothing but "later". Anything else is a defect, thrown as it is. */
  #unavailable(error: unknown): unknown {
    if (!(error instanceof ApiError || error instanceof ConnectionError)) {
      return error;
    }
    this.#options.logger.error({ err: error }, 'the Kubernetes API did not take a recovery');
    const seconds = error instanceof ApiError ? (error.retryAfterSeconds ?? 5) : 5;
    const text = 'Recovery could not be recorded: the Kubernetes API is not available; try again';
    return new Refusal(retryLater(503, text, seconds), { cause: error });
  }
}

function keyLabel({ admin, idempotencyKey }: RecoveryOrder): string | undefined {
  return idempotencyKey === undefined ? undefined : keyLabelValue(admin, idempotencyKey);
}

function isOf({ tenant, admin, appName }: AppRef, { metadata, spec }: BootstrapRecovery): boolean {
  return (
    metadata.namespace === tenant.namespace &&
    spec.targetRef.name === tenant.target &&
    spec.adminName === admin &&
    spec.appName === appName
  );
}
