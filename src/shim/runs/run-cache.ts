import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries, group } from '../../api/resources.ts';
import { Informer, type InformerOptions } from '../../kube/cache/informer.ts';
import type { Resource } from '../../kube/client/resource.ts';
import type { Tenant } from '../auth/tenants.ts';
import { isDecided } from './controller-decision.ts';
import type { AppRef } from './recoveries.ts';
import { isFinished } from './run-conditions.ts';

/** Runs as the API server addresses them. */
export const recoveryResource: Resource<BootstrapRecovery> = bootstrapRecoveries;

/** Label on runs the shim created; its value is always `http`. */
export const originLabel = `${group}/origin` as const;

/** Label that holds the hash of the idempotency key a run was requested with. */
export const idempotencyLabel = `${group}/idempotency-key` as const;

/**
 * Annotation that names the request that created a run. Not cached: only a run that was just read is asked
 * for it.
 */
export const requestIDAnnotation = `${group}/request-id` as const;

/** What a {@link RunCache} needs: an informer's options, the rest is its own. */
export type RunCacheOptions = Omit<
  InformerOptions<BootstrapRecovery>,
  'resource' | 'indexers' | 'transform' | 'namespaces'
> & { readonly namespaces: readonly string[] };

type Listener = (run: BootstrapRecovery | undefined) => void;

/**
 * The runs of the shim's namespaces, watched, with the look-ups the shim needs. Possibly stale, as every
 * cache. Each namespace is watched separately: what happens to one, a Role that is missing for example, says
 * nothing about the others.
 */
export class RunCache {
  readonly #informers: ReadonlyMap<string, Informer<BootstrapRecovery>>;
  /** uid → who waits for that run. */
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor({ namespaces, ...options }: RunCacheOptions) {
    this.#informers = new Map(
      namespaces.map((namespace) => [
        namespace,
        new Informer<BootstrapRecovery>({
          ...options,
          namespaces: [namespace],
          resource: recoveryResource,
          indexers: {
            uid: (run) => [run.metadata.uid],
            app: (run) => [appKey(run.spec.targetRef.name, run.spec.adminName, run.spec.appName)],
            key: idempotencyLabelsOf,
            unfinishedOfAdmin: (run) => (isFromHTTP(run) && !isFinished(run) ? [run.spec.adminName] : []),
          },
          transform: essential,
        }),
      ]),
    );
    for (const { store } of this.#informers.values()) {
      store.subscribe((event) => {
        const listeners = this.#listeners.get(event.object.metadata.uid) ?? [];
        for (const listener of [...listeners]) {
          listener(event.type === 'deleted' ? undefined : event.object);
        }
      });
    }
  }

  /** True once a namespace was listed, and every other one was listed or has failed to be. */
  get ready(): boolean {
    const informers = [...this.#informers.values()];
    return (
      informers.some((informer) => informer.hasSynced) &&
      informers.every((informer) => informer.hasSynced || informer.failures.length > 0)
    );
  }

  /** True once the tenant's namespace was listed. */
  hasSynced({ namespace }: Tenant): boolean {
    return this.#informers.get(namespace)?.hasSynced === true;
  }

  byUID({ namespace }: Pick<Tenant, 'namespace'>, uid: string): BootstrapRecovery | undefined {
    return this.#byIndex(namespace, 'uid', uid)[0];
  }

  /** Every run of the app, however it was created. */
  ofApp({ tenant, admin, appName }: AppRef): readonly BootstrapRecovery[] {
    return this.#byIndex(tenant.namespace, 'app', appKey(tenant.target, admin, appName));
  }

  /** The run in the tenant's namespace whose idempotency label has that value. */
  byIdempotencyLabel({ namespace }: Tenant, value: string): BootstrapRecovery | undefined {
    return this.#byIndex(namespace, 'key', value)[0];
  }

  /** How many runs that were requested over HTTP for this admin have not finished. */
  unfinishedOf({ tenant, admin }: AppRef): number {
    return this.#byIndex(tenant.namespace, 'unfinishedOfAdmin', admin).length;
  }

  /** The run once it is decided; as last seen when `signal` aborts first; undefined when it was deleted. */
  async waitForDecision(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    const { uid, namespace = '' } = run.metadata;
    const seen = this.byUID({ namespace }, uid) ?? run;
    if (isDecided(seen) || signal.aborted) {
      return seen;
    }
    return await new Promise((resolve) => {
      const listeners = this.#listeners.get(uid) ?? new Set();
      const end = (last: BootstrapRecovery | undefined): void => {
        signal.removeEventListener('abort', onAbort);
        if (listeners.delete(listener) && listeners.size === 0) {
          this.#listeners.delete(uid);
        }
        resolve(last);
      };
      const listener: Listener = (now) => {
        if (now === undefined || isDecided(now)) {
          end(now);
        }
      };
      const onAbort = (): void => end(this.byUID({ namespace }, uid) ?? seen);
      this.#listeners.set(uid, listeners.add(listener));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Watches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.run(signal)));
  }

  #byIndex(namespace: string, index: string, value: string): readonly BootstrapRecovery[] {
    return this.#informers.get(namespace)?.store.byIndex(index, value) ?? [];
  }
}

/** Whether the run was requested over HTTP, of whichever shim. */
export function isFromHTTP({ metadata }: BootstrapRecovery): boolean {
  return metadata.labels?.[originLabel] === 'http';
}

function idempotencyLabelsOf({ metadata }: BootstrapRecovery): readonly string[] {
  const value = metadata.labels?.[idempotencyLabel];
  return value === undefined ? [] : [value];
}

function appKey(target: string, adminName: string, appName: string): string {
  return JSON.stringify([target, adminName, appName]);
}

/** Plans, findings and reports are most of a run, and no answer needs them. */
function essential(run: BootstrapRecovery): BootstrapRecovery {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = run.metadata;
  const { conditions, progress, completionTime, blockingTaskID } = run.status;
  return {
    ...run,
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(namespace !== undefined && { namespace }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
      ...(labels && { labels }),
    },
    status: {
      ...(conditions && { conditions }),
      ...(progress && { progress }),
      ...(completionTime !== undefined && { completionTime }),
      ...(blockingTaskID !== undefined && { blockingTaskID }),
    },
  };
}
