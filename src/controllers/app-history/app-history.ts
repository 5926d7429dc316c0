import type { Logger } from 'pino';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Store } from '../../kube/cache/store.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import type { App, CapturedSettings, RunRequest } from '../../recovery/request.ts';
import { stateName } from '../bootstrapstate/names.ts';
import { inlineSettings, readSettingsConfigMap } from './captured-settings.ts';
import { newestMarks, type StoredMarks } from './high-water-marks.ts';
import { legacyHistory } from './legacy-history.ts';

/** What is remembered of one app. */
export interface AppHistory {
  readonly marks?: StoredMarks | undefined;
  readonly captured?: CapturedSettings | undefined;
}

/** Name of the index under which the caches file policies and states by their target. */
export const targetIndex = 'target';

/** The target of a policy or of an app. */
export function targetOf({ metadata, spec }: RecoveryPolicy | BootstrapState): readonly string[] {
  return [`${metadata.namespace}/${spec.targetRef.name}`];
}

/** What is remembered of the apps of a target, for the runs of that target. */
export class AppHistoryReader {
  readonly #client: APIClient;
  readonly #states: Store<BootstrapState>;
  readonly #policies: Store<RecoveryPolicy>;

  /** @param policies filed under {@link targetIndex} */
  constructor(client: APIClient, states: Store<BootstrapState>, policies: Store<RecoveryPolicy>) {
    this.#client = client;
    this.#states = states;
    this.#policies = policies;
  }

  /**
   * Marks and captured settings of the app. Settings that can't be read are done without: they make a
   * recovery exact, not safe.
   *
   * @throws what the API client throws when the API server does not answer
   */
  async read(
    { metadata: { namespace, name } }: RecoveryTarget,
    app: App,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<AppHistory> {
    const status = this.#states.get({ namespace, name: stateName(name, app) })?.status ?? {};
    const legacy = legacyHistory(this.#policies.byIndex(targetIndex, `${namespace}/${name}`), app);
    const marks = newestMarks([status.marks, legacy.marks].flatMap((each) => each ?? []));
    const held = inlineSettings(status);
    if (held !== undefined) {
      return { marks, captured: held };
    }
    let captured: CapturedSettings | undefined;
    for (const ref of [status.settingsRef?.name, ...legacy.settings]) {
      if (ref === undefined) {
        continue;
      }
      const found = await readSettingsConfigMap(this.#client, { namespace, name: ref }, app, logger, signal);
      if (found !== undefined && (captured === undefined || found.capturedAt > captured.capturedAt)) {
        captured = found;
      }
    }
    return { marks, captured };
  }
}

/** The request with what is remembered of its app. */
export function withAppHistory(request: RunRequest, { marks, captured }: AppHistory): RunRequest {
  return {
    ...request,
    ...(captured !== undefined && { captured }),
    trust: { ...request.trust, ...(marks !== undefined && { marks }) },
  };
}
