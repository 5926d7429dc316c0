import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import { type RunVerdicts, runConditions } from '../../../src/api/conditions.ts';
import type { AcceptedReason, SucceededReason } from '../../../src/api/reasons.ts';
import { systemClock } from '../../../src/async/clock.ts';
import { Informer } from '../../../src/kube/cache/informer.ts';
import { APIClient } from '../../../src/kube/client/api-client.ts';
import { RuntimeMetrics } from '../../../src/kube/metrics/runtime-metrics.ts';
import { metricsPrefix } from '../../../src/observability/metrics.ts';
import { recoveryResource } from '../../../src/shim/runs/run-cache.ts';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';

/**
 * What the controller would say of a run: a word for `Succeeded`, perhaps one for `Accepted`, and messages.
 */
export interface Script {
  readonly succeeded: SucceededReason;
  readonly accepted?: AcceptedReason;
  readonly message?: string;
  readonly blockingTaskID?: string;
}

/**
 * Stands in for the controller where a test is about HTTP only: it recovers nothing, it writes the conditions
 * a script asks for into the status of each new run, with the function the controller makes them with. The
 * API server is real.
 */
export class ScriptedController implements AsyncDisposable {
  readonly client: APIClient;
  readonly #stop = new AbortController();
  readonly #informer: Informer<BootstrapRecovery>;
  readonly #watch: Promise<void>;
  readonly #writes = new Set<Promise<unknown>>();

  constructor(
    cluster: APIServerAccess,
    namespace: string,
    script: (run: BootstrapRecovery) => Script | undefined,
  ) {
    const metrics = new RuntimeMetrics({ registry: new Registry(), prefix: metricsPrefix });
    this.client = new APIClient({ loadConfig: () => cluster.kubeConfig(), userAgent: 'script', metrics });
    this.#informer = new Informer<BootstrapRecovery>({
      client: this.client,
      resource: recoveryResource,
      namespaces: [namespace],
      logger: pino({ level: 'silent' }),
      metrics,
      clock: systemClock,
      random: Math.random,
    });
    this.#informer.store.subscribe((event) => {
      const said = event.type === 'added' ? script(event.object) : undefined;
      if (said !== undefined) {
        this.#track(this.say(event.object, said));
      }
    });
    this.#watch = this.#informer.run(this.#stop.signal);
  }

  /** Every run there is. */
  get runs(): readonly BootstrapRecovery[] {
    return this.#informer.store.list();
  }

  /** Writes what the script says into the run's status. */
  async say(run: BootstrapRecovery, script: Script): Promise<BootstrapRecovery> {
    const conditions = runConditions(verdicts(script), run.status?.conditions ?? [], 1, new Date());
    const { blockingTaskID } = script;
    const status = { taskID: run.metadata.uid, conditions, ...(blockingTaskID && { blockingTaskID }) };
    return await this.client.patch(
      recoveryResource,
      run.metadata,
      { type: 'merge', body: { status } },
      { subresource: 'status' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watch;
    await Promise.allSettled(this.#writes);
    await this.client.close();
  }

  #track(write: Promise<unknown>): void {
    this.#writes.add(write);
    write.then(
      () => this.#writes.delete(write),
      () => this.#writes.delete(write),
    );
  }
}

function verdicts({ succeeded, accepted, message = `${succeeded} by the script` }: Script): RunVerdicts {
  return {
    succeeded: { reason: succeeded, message },
    accepted: accepted && { reason: accepted, message },
    trustVerified: { reason: 'MetadataVerified', message: 'by the script' },
    stateVerified: { reason: 'Consistent', message: 'by the script' },
  };
}
