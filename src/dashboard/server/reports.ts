import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { errorMessage } from '../../errors.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { configMaps } from '../../kube/client/secret-or-config-map.ts';
import { isUnderWay } from '../view/facts.ts';
import { parseReport } from '../view/report.ts';
import type { ReportAnswer } from '../view/timeline.ts';

/** Reports that are held at once; each is cut to what the page shows. */
const MOST_REPORTS = 64;

/** The reports of runs, read when they are first asked for, with the rights of the person who looks. */
export class Reports {
  readonly #client: Pick<APIClient, 'get'>;
  readonly #signal: AbortSignal;
  readonly #onRead: () => void;
  /** By run and version, the one that was asked for last at the end. */
  readonly #answers = new Map<string, ReportAnswer>();

  /** @param onRead called when an answer has changed from `reading` to what was read */
  constructor(client: Pick<APIClient, 'get'>, signal: AbortSignal, onRead: () => void) {
    this.#client = client;
    this.#signal = signal;
    this.#onRead = onRead;
  }

  /** What is known of a run's report at this moment; asks for it when nothing is. */
  of(run: BootstrapRecovery): ReportAnswer {
    const name = run.status.reportRef?.name;
    // A run under way writes its report at the end: what is there is of an earlier attempt.
    if (name === undefined || isUnderWay(run)) {
      return { kind: 'none' };
    }
    // A run that waits writes another report when its plan changes, and then its status changes, too.
    const key = `${run.metadata.uid} ${run.metadata.resourceVersion}`;
    const known = this.#answers.get(key);
    this.#answers.delete(key);
    this.#answers.set(key, known ?? { kind: 'reading' });
    this.#forgetOldest();
    if (known === undefined) {
      void this.#read(run.metadata.namespace ?? 'default', name).then((answer) => {
        if (this.#answers.has(key)) {
          this.#answers.set(key, answer);
          this.#onRead();
        }
      });
    }
    return known ?? { kind: 'reading' };
  }

  async #read(namespace: string, name: string): Promise<ReportAnswer> {
    try {
      const { data = {} } = await this.#client.get(configMaps, { namespace, name }, { signal: this.#signal });
      const report = parseReport(data['report.json'] ?? '');
      return report === undefined
        ? { kind: 'failed', message: `ConfigMap ${name} holds none that this version can read.` }
        : { kind: 'read', report };
    } catch (error) {
      return { kind: 'failed', message: errorMessage(error) };
    }
  }

  #forgetOldest(): void {
    for (const key of this.#answers.keys()) {
      if (this.#answers.size <= MOST_REPORTS) {
        return;
      }
      this.#answers.delete(key);
    }
  }
}
