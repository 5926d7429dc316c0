import { AssertionError } from 'node:assert';
import { adminList } from '../../../src/shim/auth/caller-role.ts';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { sharedAPIServer } from '../../harness/shared-apiserver.ts';
import { issuerKeys } from './issuer-keys.ts';
import { AUDIENCE, type KeyServer, startKeyServer } from './key-server.ts';
import { type RawOptions, type RawReply, raw } from './raw-http.ts';
import { applyCRDs, type RunningShim, startShim } from './running-shim.ts';
import { ScriptedController } from './scripted-controller.ts';
import { SECRET, tokenFor } from './tokens.ts';

/** What may be asked of fetch here. */
export type Init = Omit<RequestInit, 'body'> & {
  readonly body?: string | Buffer<ArrayBuffer> | ReadableStream<Uint8Array> | undefined;
  readonly duplex?: 'half';
};

/**
 * Two shims to attack, one with a shared secret and one with an issuer, on one namespace where `alice` and
 * `bob` are admins. Remembers what was sent and everything that came back, to search it for what must not be
 * there.
 */
export class AttackRange implements AsyncDisposable {
  readonly shim: RunningShim;
  readonly oidc: RunningShim;
  readonly issuer: KeyServer;
  readonly controller: ScriptedController;
  readonly #cluster: APIServerAccess;
  readonly #answers: string[] = [];
  readonly #tokens = new Set<string>();

  private constructor(parts: {
    shim: RunningShim;
    oidc: RunningShim;
    issuer: KeyServer;
    controller: ScriptedController;
    cluster: APIServerAccess;
  }) {
    this.shim = parts.shim;
    this.oidc = parts.oidc;
    this.issuer = parts.issuer;
    this.controller = parts.controller;
    this.#cluster = parts.cluster;
  }

  static async start(): Promise<AttackRange> {
    const cluster = await sharedAPIServer();
    await applyCRDs(cluster);
    const namespace = await cluster.createNamespace('attack');
    const controller = new ScriptedController(cluster, namespace, () => ({
      accepted: 'RecoveryRequired',
      succeeded: 'Running',
    }));
    const issuer = await startKeyServer();
    const common = {
      callerRoles: adminList(['alice', 'bob']),
      limits: { headersMs: 500, requestMs: 1_000 },
    };
    const shim = await startShim(cluster, namespace, common);
    const oidc = await startShim(cluster, namespace, {
      ...common,
      keys: { issuer: issuerKeys(issuer.keySetURL).keys },
      rules: {
        algorithms: ['RS256'],
        issuer: issuer.issuer,
        audience: AUDIENCE,
        usernameClaim: 'username',
        usernameOptional: false,
        clockToleranceSeconds: 0,
        allowWithoutExpiry: false,
      },
    });
    return new AttackRange({ shim, oidc, issuer, controller, cluster });
  }

  /** Sends a request and remembers the answer. */
  async send(path: string, { body, ...init }: Init = {}, to = this.shim): Promise<Response> {
    const response = await fetch(`${to.url}${path}`, {
      redirect: 'manual',
      ...init,
      ...(body !== undefined && { body }),
    });
    const text = await response.clone().text();
    this.#answers.push(`${JSON.stringify([...response.headers])} ${text}`);
    return response;
  }

  /** Asks for a recovery with exactly that token. */
  async postWith(token: string, to = this.shim): Promise<Response> {
    this.#tokens.add(token);
    const headers = { Authorization: `Bearer ${token}` };
    return await this.send(RECOVERY, { method: 'POST', headers, body: '{"appName":"stolen"}' }, to);
  }

  /** Sends bytes and remembers the answer. */
  async raw(pieces: readonly string[], options?: RawOptions): Promise<RawReply> {
    const reply = await raw(this.shim.port, pieces, options);
    this.#answers.push(reply.text);
    return reply;
  }

  /**
   * Fails unless the only runs are those of `alice` for apps that match `expected`, and no secret, token or
   * stack is in any answer, log line or metric.
   */
  async verifyNothingGotThrough(expected: RegExp): Promise<void> {
    const foreign = this.controller.runs.filter(
      ({ spec }) => spec.adminName !== 'alice' || !expected.test(spec.appName),
    );
    const logs = this.shim.log() + this.oidc.log();
    const metrics = await (await fetch(this.shim.metricsURL)).text();
    const output = [logs, metrics, ...this.#answers].join('\n');
    const secrets = [SECRET, this.issuer.publicKeyPEM, ...this.#tokens].filter((text) => text.length > 12);
    const problems = [
      ...foreign.map(({ spec }) => `a run of ${spec.adminName} for ${spec.appName}`),
      ...secrets
        .filter((text) => output.includes(text))
        .map((text) => `"${text.slice(0, 40)}…" in the output`),
      ...(/authorization|bearer/i.exec(logs) ?? []).map((word) => `"${word}" in the log`),
      ...(/.*(\.ts:\d+|node_modules|at async ).*/.exec(output) ?? []).map((line) => `a stack: ${line}`),
    ];
    if (problems.length > 0) {
      throw new AssertionError({ message: problems.join('\n') });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.shim, this.oidc, this.controller, this.issuer, this.#cluster]) {
      await part[Symbol.asyncDispose]();
    }
  }
}

/** The routes under attack. */
export const RECOVERY = '/tuf/v1/bootstrap/recovery';
export const TASK = '/tuf/v1/task';

/** Headers of a caller who may. */
export const alice = (): Record<string, string> => ({ Authorization: `Bearer ${tokenFor('alice')}` });
