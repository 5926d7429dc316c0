import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { inTurns, type Steps } from '../../async/in-turns.ts';
import { HTTPServer } from '../../net/http-server.ts';
import type { HealthCheck } from './health-check.ts';

/** The address, checks and metrics of a {@link HealthServer}. */
export interface HealthServerOptions {
  /** 0: any free port. */
  readonly port: number;
  /** All interfaces unless given: probes come from the kubelet, scrapes from Prometheus. */
  readonly host?: string;
  /** Restart when one of these fails. */
  readonly liveness: readonly HealthCheck[];
  /** Send no traffic while one of these fails. */
  readonly readiness: readonly HealthCheck[];
  readonly registry: Registry;
  /** Series beyond the registry, in its format: begins with an empty line. Worked out for each scrape. */
  readonly series?: () => Steps<readonly Uint8Array[]>;
  readonly logger: Logger;
}

/** A probe and a few scrapers; what they hold must not cost the work of the process. */
const limits = { connections: 100, requestMs: 10_000 };

/**
 * `/livez` (and `/healthz`), `/readyz` and `/metrics`. A probe answers 200 `ok`, or 500 with one line for
 * every check; `?verbose` shows the lines always, and `/readyz/<name>` asks one check alone, as the API
 * server's own endpoints do.
 */
export class HealthServer {
  readonly #options: HealthServerOptions;
  #server: HTTPServer | undefined;
  /** The text being collected for the scrapes that are under way; collecting it once serves them all. */
  #metrics: Promise<readonly Uint8Array[]> | undefined;

  constructor(options: HealthServerOptions) {
    this.#options = options;
  }

  /** Serves from when this resolves; returns the port. */
  async listen(): Promise<number> {
    const { host, port, logger } = this.#options;
    this.#server = await HTTPServer.listen(
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => {
          logger.error({ err: error, path: request.url }, 'a probe or scrape failed');
          if (!response.headersSent) {
            send(response, 500, 'internal error\n');
          } else {
            response.destroy();
          }
        });
      },
      { host, port },
      limits,
    );
    return this.#server.port;
  }

  /** Cuts what is still open: a scrape is worth no delay of a shutdown. */
  async close(): Promise<void> {
    await this.#server?.drain(0);
    this.#server = undefined;
  }

  async #collect(): Promise<readonly Uint8Array[]> {
    const { registry, series } = this.#options;
    const collect = async (): Promise<readonly Uint8Array[]> => {
      const text = Buffer.from(await registry.metrics());
      return series === undefined ? [text] : [text, ...(await inTurns(series()))];
    };
    this.#metrics ??= collect().finally(() => {
      this.#metrics = undefined;
    });
    return await this.#metrics;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, 'method not allowed\n');
      return;
    }
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, endpoint = '', name, ...deeper] = url.pathname.split('/');
    const { registry, liveness, readiness } = this.#options;
    if (url.pathname === '/metrics') {
      sendPieces(response, await this.#collect(), registry.contentType);
      return;
    }
    const endpoints = new Map([
      ['livez', liveness],
      ['healthz', liveness],
      ['readyz', readiness],
    ]);
    const checks = endpoints.get(endpoint);
    const chosen = name === undefined ? checks : checks?.filter((check) => check.name === name);
    if (chosen === undefined || (name !== undefined && chosen.length === 0) || deeper.length > 0) {
      send(response, 404, 'not found\n');
      return;
    }
    probe(response, chosen, url.searchParams.has('verbose'));
  }
}

function probe(response: ServerResponse, checks: readonly HealthCheck[], verbose: boolean): void {
  const results = checks.map((check) => ({ name: check.name, problem: check.problem() }));
  const healthy = results.every(({ problem }) => problem === undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`,
  );
  send(response, healthy ? 200 : 500, healthy && !verbose ? 'ok\n' : lines.join(''));
}

/** Does not wait for the client to read: the server cuts off a client that does not read in time. */
function sendPieces(response: ServerResponse, pieces: readonly Uint8Array[], type: string): void {
  response.setHeader(
    'content-length',
    pieces.reduce((sum, { length }) => sum + length, 0),
  );
  writeHead(response, 200, type);
  for (const piece of pieces) {
    response.write(piece);
  }
  response.end();
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = 'text/plain; charset=utf-8',
): void {
  writeHead(response, status, type).end(body);
}

function writeHead(response: ServerResponse, status: number, type: string): ServerResponse {
  return response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
}
