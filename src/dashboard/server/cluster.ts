import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { bootstrapRecoveries, bootstrapStates } from '../../api/resources.ts';
import { Informer, type InformerOptions } from '../../kube/cache/informer.ts';

/** What a {@link Cluster} is watched with. */
export type ClusterOptions = Pick<
  InformerOptions<BootstrapRecovery>,
  'client' | 'logger' | 'metrics' | 'clock' | 'random'
> & {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
};

/** The apps and runs of a cluster, watched. Says when what it holds may be old. */
export class Cluster {
  readonly #runs: Informer<BootstrapRecovery>;
  readonly #states: Informer<BootstrapState>;
  readonly #listeners = new Set<() => void>();

  constructor({ namespace, ...options }: ClusterOptions) {
    const namespaces = namespace === undefined ? [] : [namespace];
    this.#runs = new Informer<BootstrapRecovery>({ ...options, namespaces, resource: bootstrapRecoveries });
    this.#states = new Informer<BootstrapState>({ ...options, namespaces, resource: bootstrapStates });
    for (const { store } of [this.#runs, this.#states]) {
      store.subscribe(() => {
        for (const listener of this.#listeners) {
          listener();
        }
      });
    }
  }

  get runs(): readonly BootstrapRecovery[] {
    return this.#runs.store.list();
  }

  get states(): readonly BootstrapState[] {
    return this.#states.store.list();
  }

  /** Why what is held may be old or incomplete, in sentences; empty when it is neither. */
  get problems(): readonly string[] {
    return [
      ...problemsOf('runs', this.#runs, 'What is shown of them may be old.'),
      ...problemsOf('apps', this.#states, 'What is shown of them may be old, or missing.'),
    ];
  }

  /** Calls `listener` after every change. The returned function ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Watches until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#runs.run(signal), this.#states.run(signal)]);
  }
}

function problemsOf(
  what: string,
  { failures, hasSynced }: { readonly failures: readonly string[]; readonly hasSynced: boolean },
  consequence: string,
): readonly string[] {
  if (failures.length > 0) {
    return failures.map((failure) => `The API server does not tell about ${what}. ${consequence} ${failure}`);
  }
  return hasSynced ? [] : [`The ${what} are being read.`];
}
