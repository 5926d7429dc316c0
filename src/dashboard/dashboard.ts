import type { APIClient } from '../kube/client/api-client.ts';
import { HTTPServer } from '../net/http-server.ts';
import { createDashboardApp } from './server/app.ts';
import { Cluster, type ClusterOptions } from './server/cluster.ts';
import { readPage } from './server/page-files.ts';
import type { ApprovalRequest, ViewQuery } from './server/queries.ts';
import { Reports } from './server/reports.ts';
import { appView } from './view/app-view.ts';
import { type AppFacts, appId, factsOfApps } from './view/facts.ts';
import { gridView } from './view/grid.ts';
import type { PageModel } from './view/model.ts';

/** Options of a dashboard. */
export interface DashboardOptions extends Omit<ClusterOptions, 'client'> {
  readonly client: APIClient;
  /** Port on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** The secret part of its URL: at least 128 random bits, safe in a path. */
  readonly token: string;
  /** What a person must decide or do about an app. */
  readonly needs: (app: AppFacts, now: Date) => readonly string[];
  /** Approves a plan. */
  readonly approve: (request: ApprovalRequest) => Promise<void>;
  /** Where the built page is, if not in one of the usual places. */
  readonly pageDirectory?: URL;
}

/** Milliseconds a request under way may take once the dashboard stops. */
const STOP_GRACE_MS = 1_000;

/** A page on the loopback interface that shows a cluster with the rights of the one who started it. */
export class Dashboard implements AsyncDisposable {
  /** What to open: with the token, so not to be logged. */
  readonly url: string;
  readonly #server: HTTPServer;
  readonly #stop: AbortController;
  readonly #watching: Promise<void>;

  private constructor(server: HTTPServer, token: string, stop: AbortController, watching: Promise<void>) {
    this.url = `http://127.0.0.1:${server.port}/${token}/`;
    this.#server = server;
    this.#stop = stop;
    this.#watching = watching;
  }

  /**
   * Watches the cluster and serves the page.
   *
   * @throws {TerminalError} `InvalidInput` when the page is not built
   */
  static async start(options: DashboardOptions): Promise<Dashboard> {
    const { client, clock, token, approve, pageDirectory } = options;
    const page = await readPage(pageDirectory && [pageDirectory]);
    const stop = new AbortController();
    const cluster = new Cluster(options);
    const listeners = new Set<() => void>();
    const changed = (): void => {
      for (const listener of listeners) {
        listener();
      }
    };
    const reports = new Reports(client, stop.signal, changed);
    const models = new Models(options, cluster, reports);
    cluster.onChange(changed);
    let port = 0;
    const app = createDashboardApp({
      guard: () => ({ port, token }),
      page,
      model: (query) => models.of(query),
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      approve,
      clock,
      signal: stop.signal,
    });
    // One person with some tabs; what else there is on this machine has no business here.
    const limits = { connections: 128 };
    const server = await HTTPServer.listen(app, { host: '127.0.0.1', port: options.port }, limits, clock);
    port = server.port;
    return new Dashboard(server, token, stop, cluster.watch(stop.signal));
  }

  /** Ends the streams and the watch, and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.drain(STOP_GRACE_MS);
    await this.#watching;
  }
}

/** Makes what pages show. Groups the objects once for each change, however many pages are open. */
class Models {
  readonly #options: DashboardOptions;
  readonly #cluster: Cluster;
  readonly #reports: Reports;
  #apps: ReadonlyMap<string, AppFacts> | undefined;

  constructor(options: DashboardOptions, cluster: Cluster, reports: Reports) {
    this.#options = options;
    this.#cluster = cluster;
    this.#reports = reports;
    cluster.onChange(() => {
      this.#apps = undefined;
    });
  }

  of(query: ViewQuery): PageModel {
    const { namespace, clock } = this.#options;
    return {
      scope: namespace === undefined ? 'all namespaces' : `namespace ${namespace}`,
      problems: this.#cluster.problems,
      view: this.#view(query, clock.now()),
    };
  }

  #view(query: ViewQuery, now: Date): PageModel['view'] {
    const { states, runs } = this.#cluster;
    this.#apps ??= new Map(factsOfApps(states, runs).map((facts) => [appId(facts.key), facts]));
    if (query.kind === 'grid') {
      return gridView([...this.#apps.values()], query.query, now);
    }
    const facts = this.#apps.get(appId(query.key));
    if (facts === undefined) {
      return { kind: 'missing', key: query.key };
    }
    const needs = this.#options.needs(facts, now);
    return appView(facts, needs, (run) => this.#reports.of(run), now);
  }
}
