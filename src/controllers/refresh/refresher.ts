import type { Logger } from 'pino';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { Clock } from '../../async/clock.ts';
import { sleep } from '../../async/sleep.ts';
import { RecoveryError } from '../../errors.ts';
import type { App } from '../../faynosync/app.ts';
import type { APIClient } from '../../kube/client/api-client.ts';
import { addressOf } from '../../net/dial.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import { ForbiddenError } from '../target-connection/missing-permission.ts';
import { References } from '../target-connection/references.ts';
import { assertReachable, type TargetRules, targetResolver } from '../target-connection/target-rules.ts';
import type { RefreshStatus } from './decide.ts';
import { withFailure, withServerAnswer } from './follow.ts';
import { LoginTokens } from './login-tokens.ts';
import { type AdminCredentials, ServerAPI, type TaskAnswer } from './server-api.ts';

/** Options of {@link Refresher}. */
export interface RefresherOptions {
  readonly client: APIClient;
  readonly rules: TargetRules;
  readonly proxy: ProxyRule;
  readonly clock: Clock;
}

/**
 * Pauses before a server that can't find its bootstrap is asked again: it says so for up to a second longer
 * than its Redis is away.
 */
const pausesMs = [1_000, 2_000, 4_000] as const;

/** Asks servers to sign again, and how that goes. */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #logins = new LoginTokens();

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  /**
   * Sends one request that was written to the status before. Not repeated when the answer is lost: whether
   * the server has signed shows in the bucket.
   */
  async send(
    target: RecoveryTarget,
    app: App,
    refresh: RefreshStatus,
    logger: Logger,
    signal: AbortSignal,
  ): Promise<RefreshStatus> {
    try {
      const api = await this.#api(target, app.adminName, signal);
      for (const pauseMs of [...pausesMs, undefined]) {
        const answer = await api.refresh(app, refresh.roles, signal);
        if (answer.kind !== 'notBootstrapped' || pauseMs === undefined) {
          logger.info({ roles: refresh.roles, answer }, 'server asked to sign again');
          return withServerAnswer(refresh, answer);
        }
        // Refused before anything was done, so it may be asked again.
        await sleep(this.#options.clock, pauseMs, signal);
      }
      return refresh;
    } catch (error) {
      signal.throwIfAborted();
      return withFailure(refresh, messageOf(error));
    }
  }

  /** How the task of a request stands; undefined when the server can't be asked. */
  async task(
    target: RecoveryTarget,
    app: App,
    { taskID }: RefreshStatus,
    signal: AbortSignal,
  ): Promise<TaskAnswer | undefined> {
    if (taskID === undefined) {
      return undefined;
    }
    try {
      const api = await this.#api(target, app.adminName, signal);
      return await api.task(app.adminName, taskID, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Error)) {
        throw error;
      }
      return undefined;
    }
  }

  /** Secrets are read anew for each call and kept nowhere; what a login returned is kept for some minutes. */
  async #api({ metadata, spec }: RecoveryTarget, adminName: string, signal: AbortSignal): Promise<ServerAPI> {
    const { api } = spec;
    if (api === undefined) {
      throw new Error(
        `RecoveryTarget ${metadata.namespace}/${metadata.name} has no spec.api. Set it, so that the server can be asked to sign.`,
      );
    }
    const { client, rules } = this.#options;
    const references = new References(client, metadata.namespace ?? 'default', signal, rules);
    const { caSecretRef, jwtSecretRef, loginSecretRef } = api;
    const url = new URL(api.url);
    // A token or a password is sent there: not to the API server, and not to a metadata service.
    const { host, port } = addressOf(url);
    await assertReachable(host, port, rules);
    const credentials: AdminCredentials =
      jwtSecretRef === undefined
        ? { kind: 'login', password: await references.secret(loginSecretRef?.name ?? '', adminName) }
        : { kind: 'secret', secret: await references.secret(jwtSecretRef.name, jwtSecretRef.key) };
    return new ServerAPI({
      url,
      ca: caSecretRef && (await references.secret(caSecretRef.name, caSecretRef.key)),
      proxy: this.#options.proxy,
      resolve: targetResolver(rules),
      credentials,
      logins: this.#logins,
      now: () => this.#options.clock.now(),
    });
  }
}

/** What went wrong, for the status: none of these messages holds a secret. */
function messageOf(error: unknown): string {
  if (error instanceof RecoveryError || error instanceof ForbiddenError || error instanceof Error) {
    return error.message;
  }
  throw error;
}
