import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries, group } from '../../api/resources.ts';
import { Informer, type InformerOptions } from '../../kube/cache/informer.ts';
import type { Resource } from '../../kube/client/resource.ts';
import { isDecided } from './decision.ts';
import type { AppRef } from './recoveries.ts';

/** Runs as the API server addresses them. */
export const runs: Resource<BootstrapRecovery> = bootstrapRecoveries;

/** Label on runs the shim created; its value is always `http`. */
export const originLabel = `${group}/origin` as const;

/** Label that holds the hash of the idempotency key a run was asked for with. */
export const idempotencyLabel = `${group}/idempotency-key` as const;

/** Annotation that tells which request created a run. Not cached: only a run read live is asked for it. */
export const requestAnnotation = `${group}/request-id` as const;

/** What a {@link RunCache} is made of: an informer's options, the rest is its own. */
export type RunCacheOptions = Omit<
  InformerOptions<BootstrapRecovery>,
  'resource' | 'indexers' | 'transform' | 'namespaces'
> & { readonly namespaces: readonly string[] };

/** The runs of the shim's namespaces, watched, with the look-ups the shim needs. Possibly stale, as every cache. */
export class RunCache {
  readonly #informer: Informer<BootstrapRecovery>;
  /** uid → who waits for that run. */
  readonly #waiting = new Map<string, Set<(run: BootstrapRecovery | undefined) => void>>();

  constructor(options: RunCacheOptions) {
    this.#informer = new Informer<BootstrapRecovery>({
      ...options,
      resource: runs,
      indexers: {
        uid: (run) => [run.metadata.uid],
        app: (run) => [
          appKey({ ...run.spec, namespace: run.metadata.namespace, target: run.spec.targetRef.name }),
        ],
        key: (run) => keyLabelsOf(run),
      },
      transform: essential,
    });
    this.#informer.store.subscribe((event) => {
      const listeners = this.#waiting.get(event.object.metadata.uid) ?? [];
      for (const listener of [...listeners]) {
        listener(event.type === 'deleted' ? undefined : event.object);
      }
    });
  }

  /** True once every namespace was listed. */
  get hasSynced(): boolean {
    return this.#informer.hasSynced;
  }

  /** What keeps the watch from working at the moment. */
  get failures(): readonly string[] {
    return this.#informer.failures;
  }

  byUID(uid: string): BootstrapRecovery | undefined {
    return this.#informer.store.byIndex('uid', uid)[0];
  }

  /** Every run of the app, whoever created it. */
  ofApp({ tenant, admin, appName }: AppRef): readonly BootstrapRecovery[] {
    return this.#informer.store.byIndex('app', appKey({ ...tenant, adminName: admin, appName }));
  }

  /** The run whose idempotency label has that value. */
  byKeyLabel(value: string): BootstrapRecovery | undefined {
    return this.#informer.store.byIndex('key', value)[0];
  }

  /** The run once it is decided; as last seen when `signal` aborts first; undefined when it was deleted. */
  async decided(run: BootstrapRecovery, signal: AbortSignal): Promise<BootstrapRecovery | undefined> {
    const { uid } = run.metadata;
    const seen = this.byUID(uid) ?? run;
    if (isDecided(seen) || signal.aborted) {
      return seen;
    }
    return await new Promise((resolve) => {
      const listeners = this.#waiting.get(uid) ?? new Set();
      const end = (last: BootstrapRecovery | undefined): void => {
        signal.removeEventListener('abort', onAbort);
        if (listeners.delete(listener) && listeners.size === 0) {
          this.#waiting.delete(uid);
        }
        resolve(last);
      };
      const listener = (now: BootstrapRecovery | undefined): void => {
        if (now === undefined || isDecided(now)) {
          end(now);
        }
      };
      const onAbort = (): void => end(this.byUID(uid) ?? seen);
      this.#waiting.set(uid, listeners.add(listener));
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Watches until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#informer.run(signal);
  }
}

function keyLabelsOf({ metadata }: BootstrapRecovery): readonly string[] {
  const value = metadata.labels?.[idempotencyLabel];
  return value === undefined ? [] : [value];
}

function appKey(app: {
  readonly namespace: string | undefined;
  readonly target: string;
  readonly adminName: string;
  readonly appName: string;
}): string {
  return JSON.stringify([app.namespace, app.target, app.adminName, app.appName]);
}

/** Plans, findings and reports are most of a run, and nobody here reads them. */
function essential(run: BootstrapRecovery): BootstrapRecovery {
  const { name, namespace, uid, resourceVersion, creationTimestamp, labels } = run.metadata;
  const { conditions, progress, completionTime } = run.status;
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
    },
  };
}
