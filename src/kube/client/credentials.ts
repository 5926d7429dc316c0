import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, buildConnector, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';
import { errorMessage } from '../../errors.ts';
import { ConnectionError } from './connection-error.ts';

/** What one request needs to reach the API server and be let in. */
export interface ResolvedCredentials {
  /** Base URL without a trailing slash. */
  readonly server: string;
  /** Carries the credentials: never log it. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly dispatcher: Dispatcher;
  /** Rises with every {@link Credentials.renew}: tells whether a refused request used what is current. */
  readonly generation: number;
}

/**
 * Credentials and connection pool. client-node knows every way into a cluster (token files, exec plug-ins,
 * client certificates, OIDC) but makes a new connection pool for each call; here there is one pool, replaced
 * only when the TLS material changes, so that a rotated client certificate takes effect and nothing else
 * costs a connection.
 */
export class Credentials {
  readonly #load: () => KubeConfig;
  #config: KubeConfig;
  #generation = 0;
  #closed = false;
  /** Sockets of connections that are being made. */
  readonly #connecting = new Set<Socket>();
  #pool: { fingerprint: string; dispatcher: Dispatcher } | undefined;

  /** @param load reads the configuration: once now, and again for each {@link renew}. */
  constructor(load: () => KubeConfig) {
    this.#load = load;
    this.#config = load();
  }

  /** Base URL of the API server, without a trailing slash; undefined while there is no current cluster. */
  get server(): string | undefined {
    return this.#config.getCurrentCluster()?.server.replace(/\/+$/, '');
  }

  /**
   * Resolves tokens (client-node re-reads a token file after 60 s, runs exec plug-ins when theirs expired).
   * Throws `ConnectionError` (`Credentials`) when something of that cannot be read.
   */
  async access(): Promise<ResolvedCredentials> {
    if (this.#closed) {
      throw new Error('the API client is closed');
    }
    const generation = this.#generation;
    const { server } = this;
    if (server === undefined) {
      throw unreadable(new Error('the kubeconfig names no current cluster: set current-context'));
    }
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw unreadable(cause);
    }
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (value !== undefined) {
        headers[name.toLowerCase()] = Array.isArray(value) ? value : String(value);
      }
    }
    if (options.auth) {
      headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    return { server, headers, dispatcher: this.#dispatcher(options), generation };
  }

  /**
   * Reads everything again, unless that was done since `refused` was handed out: racing 401s cost one read.
   */
  renew(refused: ResolvedCredentials): void {
    if (refused.generation === this.#generation) {
      try {
        this.#config = this.#load();
      } catch (cause) {
        throw unreadable(cause);
      }
      this.#generation += 1;
    }
  }

  /** Closes every connection, open watches and those included that are still being made. */
  async close(): Promise<void> {
    this.#closed = true;
    const destroyed = this.#pool?.dispatcher.destroy();
    // The pool lets a connection that is being made run into its time-out: Ctrl-C would take ten seconds.
    for (const socket of this.#connecting) {
      socket.destroy();
    }
    await destroyed;
  }

  #dispatcher(options: RequestOptions): Dispatcher {
    const tls = pickTLS(options);
    const fingerprint = fingerprintOf(tls);
    if (this.#pool?.fingerprint !== fingerprint) {
      const outdated = this.#pool?.dispatcher;
      this.#pool = { fingerprint, dispatcher: this.#connect(tls) };
      // Requests in flight finish on the old connections; watches are bounded by their server-side time-out.
      void outdated?.close();
    }
    return this.#pool.dispatcher;
  }

  #connect(tls: buildConnector.BuildOptions): Dispatcher {
    const plan = this.#config.createDispatcherOptions(this.#config.getCurrentCluster(), {});
    // HTTP/1.1 only: one stalled HTTP/2 connection would take every watch and the lease renewal down with it.
    const connect = { ...tls, ...KEEP_ALIVE, allowH2: false };
    switch (plan.type) {
      case 'proxy':
        return new ProxyAgent({ ...POOL, uri: plan.uri, requestTls: connect, connect: KEEP_ALIVE });
      case 'socks':
        return new Socks5ProxyAgent(plan.uri, { ...POOL, requestTls: connect });
      default:
        return new Agent({ ...POOL, connect: this.#tracked(buildConnector(connect)) });
    }
  }

  /** Notes each socket until it is connected. A signal for all of them would hold each for ever. */
  #tracked(connector: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      // The connector returns its socket, which the types do not say.
      const socket = connector(options, (...result) => {
        this.#connecting.delete(socket);
        callback(...result);
      }) as unknown as Socket;
      this.#connecting.add(socket);
    };
  }
}

/**
 * Time-outs are the caller's (per verb, and none on a quiet watch), so the pool's own are off. Idle
 * connections go before the 90 s of the API server and the 60 s of common load balancers, lest a request meet
 * a closed one.
 */
const POOL = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 30_000, allowH2: false } as const;

/**
 * TCP keep-alive finds a dead peer behind a silent watch where the idle timer would take longer; client-go
 * uses 30 s too.
 */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000, timeout: 10_000 } as const;

function unreadable(cause: unknown): ConnectionError {
  const said = errorMessage(cause);
  return new ConnectionError('Credentials', `the credentials for the API server could not be read: ${said}`, {
    cause,
  });
}

function pickTLS(options: RequestOptions): buildConnector.BuildOptions {
  return {
    // Each certificate is an anchor, self-signed or not: see net/agents.ts.
    ...(options.ca !== undefined && { ca: options.ca }),
    allowPartialTrustChain: true,
    ...(options.cert !== undefined && { cert: options.cert }),
    ...(options.key !== undefined && { key: options.key }),
    ...(options.rejectUnauthorized !== undefined && { rejectUnauthorized: options.rejectUnauthorized }),
    ...(options.servername !== undefined && { servername: options.servername }),
  };
}

/**
 * A digest, because the pool outlives the credentials and key material must not be kept around as a map key.
 */
function fingerprintOf(tls: buildConnector.BuildOptions): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(tls)) {
    hash.update(name).update('\0').update(String(value)).update('\0');
  }
  return hash.digest('base64');
}
