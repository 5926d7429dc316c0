import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../async/clock.ts';
import { sleep } from '../async/sleep.ts';
import type { APIClient } from '../kube/client/api-client.ts';
import { HealthServer } from '../kube/health/health-server.ts';
import type { RuntimeMetrics } from '../kube/metrics/runtime-metrics.ts';
import { HTTPServer, type ListenAddress, type ServerLimits } from '../net/http-server.ts';
import { Authorizer } from './auth/authorizer.ts';
import type { CallerRoles } from './auth/caller-role.ts';
import type { Tenants } from './auth/tenants.ts';
import { type TokenKeys, type TokenRules, TokenVerifier } from './auth/token-verifier.ts';
import { type CallerRateLimit, CallerRateLimiter } from './caller-rate-limiter.ts';
import { createApp } from './http/app.ts';
import { ShimMetrics } from './metrics.ts';
import { KubernetesRecoveries } from './runs/kubernetes-recoveries.ts';
import { RunCache } from './runs/run-cache.ts';
import { SingleFlightRecoveries } from './runs/single-flight.ts';

/** How a shim serves, and with what. */
export interface ShimOptions {
  readonly address: ListenAddress;
  readonly metricsAddress: ListenAddress;
  readonly client: APIClient;
  readonly tenants: Tenants;
  readonly keys: TokenKeys;
  readonly rules: TokenRules;
  readonly callerRoles: CallerRoles;
  readonly rateLimit: CallerRateLimit;
  readonly allowedOrigins: readonly string[];
  readonly decisionTimeoutMs: number;
  readonly ttlSecondsAfterFinished: number;
  readonly limits?: Partial<ServerLimits>;
  /**
   * How long requests are still served after the shim stopped being ready, until load balancers have stopped
   * sending any.
   */
  readonly drainDelayMs: number;
  /** How long requests under way may take after that. */
  readonly drainGraceMs: number;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly runtimeMetrics: RuntimeMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newID: () => string;
  readonly version: string;
}

/** A running shim: the API port, the metrics port, and the watch behind them. */
export class Shim {
  readonly #options: ShimOptions;
  readonly #api: HTTPServer;
  readonly #metrics: MetricsServer;
  readonly #lifetime: Lifetime;
  readonly #watch: Promise<unknown>;

  private constructor(options: ShimOptions, parts: Parts) {
    this.#options = options;
    this.#api = parts.api;
    this.#metrics = parts.metrics;
    this.#lifetime = parts.lifetime;
    this.#watch = parts.watch;
  }

  /** Listens, and starts to watch the runs. Requests are answered 503 until all of them were listed. */
  static async start(options: ShimOptions): Promise<Shim> {
    const { client, clock, logger, registry, random, runtimeMetrics, tenants } = options;
    const lifetime = {
      ready: new AbortController(),
      waiting: new AbortController(),
      watch: new AbortController(),
    };
    const { namespaces } = tenants;
    const cache = new RunCache({ client, namespaces, logger, metrics: runtimeMetrics, clock, random });
    const app = createApp({
      ...options,
      access: new Authorizer(
        new TokenVerifier(options.keys, options.rules, () => clock.now()),
        options.callerRoles,
        new CallerRateLimiter(options.rateLimit, clock),
      ),
      recoveries: new SingleFlightRecoveries(new KubernetesRecoveries({ ...options, cache }), clock),
      metrics: new ShimMetrics(registry),
      keysRead: () => !('issuer' in options.keys) || options.keys.issuer.wereRead,
      shuttingDown: lifetime.ready.signal,
      draining: lifetime.waiting.signal,
    });
    const api = await HTTPServer.listen(app, options.address, options.limits, clock);
    const metrics = await serveMetrics(options);
    const { signal } = lifetime.watch;
    const firstKeys = 'issuer' in options.keys ? options.keys.issuer.readFirst(signal) : undefined;
    const watch = Promise.all([cache.run(signal), firstKeys]);
    logger.info({ port: api.port, metricsPort: metrics.port, namespaces }, 'the shim is listening');
    return new Shim(options, { api, metrics, lifetime, watch });
  }

  /** Port of the API. */
  get port(): number {
    return this.#api.port;
  }

  /** Port of the metrics. */
  get metricsPort(): number {
    return this.#metrics.port;
  }

  /**
   * Shuts down without losing a request: stops being ready and keeps serving until load balancers have
   * noticed; then answers the clients that wait for a decision (202: the task is recorded), lets the other
   * requests finish, and closes.
   */
  async stop(): Promise<void> {
    const { clock, drainDelayMs, drainGraceMs, logger } = this.#options;
    logger.info('shutting down');
    this.#lifetime.ready.abort();
    await sleep(clock, drainDelayMs);
    this.#lifetime.waiting.abort();
    await this.#api.drain(drainGraceMs);
    this.#lifetime.watch.abort();
    await this.#watch;
    await this.#metrics.server.close();
    logger.info('shut down');
  }
}

/** What ends when: readiness, then waiting for decisions, then the watch. */
interface Lifetime {
  readonly ready: AbortController;
  readonly waiting: AbortController;
  readonly watch: AbortController;
}

/** `/metrics` on a port of its own, which no ingress leads to. */
interface MetricsServer {
  readonly server: HealthServer;
  readonly port: number;
}

async function serveMetrics({ metricsAddress, registry, logger }: ShimOptions): Promise<MetricsServer> {
  const { host, port } = metricsAddress;
  const server = new HealthServer({
    port,
    ...(host !== undefined && { host }),
    liveness: [],
    readiness: [],
    registry,
    logger,
  });
  return { server, port: await server.listen() };
}

interface Parts {
  readonly api: HTTPServer;
  readonly metrics: MetricsServer;
  readonly lifetime: Lifetime;
  readonly watch: Promise<unknown>;
}
