import type { Logger } from 'pino';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Store } from '../../kube/cache/store.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { App, CapturedSettings, RunRequest } from '../../recovery/request.ts';
import { readSettings } from './captured-settings.ts';
import { type Marks, newestOf } from './high-water-marks.ts';

/** What is remembered of one app. */
export interface Memory {
  readonly marks?: Marks | undefined;
  readonly captured?: CapturedSettings | undefined;
}

/** Name of the index under which the cache files policies by their target. */
export const targetIndex = 'target';

/** The target a policy looks at. */
export function targetOf({ metadata, spec }: RecoveryPolicy): readonly string[] {
  return [`${metadata.namespace}/${spec.targetRef.name}`];
}

/** What the policies of a target remember, for the runs of that target. */
export class PolicyMemory {
  readonly #client: APIClient;
  readonly #policies: Store<RecoveryPolicy>;

  /** @param policies filed under {@link targetIndex} */
  constructor(client: APIClient, policies: Store<RecoveryPolicy>) {
    this.#client = client;
    this.#policies = policies;
  }

  /**
   * The highest marks and the newest settings that any policy holds of the app. Settings that can't be read are done without: they
   * make a recovery exact, not safe.
   *
   * @throws what the API client throws when the API server does not answer
   */
  async recall(
    { metadata: { namespace, name } }: RecoveryTarget,
    { adminName, appName }: App,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<Memory> {
    const entries = this.#policies
      .byIndex(targetIndex, `${namespace}/${name}`)
      .flatMap(({ status }) => status.apps ?? [])
      .filter((entry) => entry.adminName === adminName && entry.appName === appName);
    let captured: CapturedSettings | undefined;
    for (const { settingsRef } of entries) {
      if (settingsRef === undefined) {
        continue;
      }
      const key = { namespace, name: settingsRef.name };
      const found = await readSettings(this.#client, key, { adminName, appName }, logger, signal);
      if (found === undefined) {
        continue;
      }
      if (captured === undefined || found.capturedAt > captured.capturedAt) {
        captured = found;
      }
    }
    return { marks: newestOf(entries.flatMap(({ marks }) => marks ?? [])), captured };
  }
}

/** The request with what is remembered of its app. */
export function remembering(request: RunRequest, { marks, captured }: Memory): RunRequest {
  return {
    ...request,
    ...(captured !== undefined && { captured }),
    trust: { ...request.trust, ...(marks !== undefined && { marks }) },
  };
}
