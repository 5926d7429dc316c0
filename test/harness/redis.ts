import { createHash } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { asset } from './assets.ts';
import type { Certificate, CertificateAuthority } from './certificates.ts';
import { freeClusterPort, freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Options of a client. `replyMapping` stays as it is: it would change the types of the replies. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** How the server is to be set up. */
export interface RedisServerOptions {
  /** `requirepass` of the user `default`. */
  readonly password?: string;
  /** Lines of an ACL file, for example `user app on >secret ~BOOTSTRAP_* +@all`. */
  readonly users?: readonly string[];
  /**
   * Serves TLS only; clients must show a certificate of the same authority when `clientCertificates` is set.
   */
  readonly tls?: { readonly authority: CertificateAuthority; readonly clientCertificates?: boolean };
  /** Becomes the replica of that server. */
  readonly replicaOf?: { readonly host: string; readonly port: number; readonly password?: string };
  /** Another server of the family than the one on PATH. */
  readonly program?: string;
  /** Further directives of redis.conf, for example `['maxmemory', '1mb']`. */
  readonly config?: readonly (readonly [directive: string, value: string])[];
}

/** A real Redis in memory on a free port of 127.0.0.1. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `redis://…` or `rediss://…`, with the password of the user `default` if it has one. */
  readonly url: string;
  /**
   * The certificate that the server shows, and that its replicas and clients may show, when it serves TLS.
   */
  readonly certificate: Certificate | undefined;
  /** The program; a new one after {@link restart}. */
  readonly process: RunningProcess;
  /** A connected client with full rights; closed with the server at the latest. */
  client(options?: ClientOptions): Promise<Redis>;
  /** Starts the server again on its port, empty, after it was stopped or killed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Redis that keeps nothing on disk. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = await temporaryDirectory('redis');
  const host = '127.0.0.1';
  const clustered = options.config?.some(
    ([directive, value]) => directive === 'cluster-enabled' && value === 'yes',
  );
  const port = await (clustered ? freeClusterPort() : freePort());
  const certificate = await options.tls?.authority.issue('redis');
  const configFile = join(directory.path, 'redis.conf');
  await writeFile(configFile, await configuration(options, directory.path, port, certificate));
  // It holds the passwords.
  await chmod(configFile, 0o600);

  const clients = new Set<Redis>();
  const connect = async (clientOptions: ClientOptions = {}): Promise<Redis> => {
    const merged: ClientOptions = {
      host,
      port,
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.tls && certificate
        ? {
            tls: {
              ca: options.tls.authority.certificate,
              cert: certificate.certificate,
              key: certificate.key,
            },
          }
        : {}),
      ...clientOptions,
      lazyConnect: true,
    };
    const client = new Redis(merged);
    // Tests kill servers on purpose; what a client can't do shows in its commands.
    client.on('error', () => undefined);
    clients.add(client);
    await client.connect();
    return client;
  };
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      name: 'redis-server',
      command: options.program ?? asset('redis-server'),
      args: [configFile],
      cwd: directory.path,
      ready: async () => {
        // Not by ioredis' own check, which needs INFO: a test may have taken that away.
        const client = await connect({ retryStrategy: () => null, enableReadyCheck: false });
        clients.delete(client);
        client.disconnect();
        return true;
      },
    });

  let running: RunningProcess;
  try {
    running = await launch();
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  const stop = async (): Promise<void> => {
    for (const client of clients) {
      client.disconnect();
    }
    await running[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  const credentials = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    host,
    port,
    url: `${options.tls ? 'rediss' : 'redis'}://${credentials}${host}:${port}`,
    certificate,
    get process() {
      return running;
    },
    client: connect,
    restart: async () => {
      await running[Symbol.asyncDispose]();
      running = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function configuration(
  { password, users, tls, replicaOf, config = [] }: RedisServerOptions,
  directory: string,
  port: number,
  certificate: Certificate | undefined,
): Promise<string> {
  const lines: (readonly [string, string])[] = [
    ['bind', '127.0.0.1'],
    ['dir', directory],
    ['save', '""'],
    ['appendonly', 'no'],
    ['daemonize', 'no'],
    // A replica that still waits for its first copy is promoted EMPTY by Sentinel; never let one wait.
    ['repl-diskless-sync-delay', '0'],
  ];
  if (tls && certificate) {
    lines.push(
      ['port', '0'],
      ['tls-port', String(port)],
      ['tls-cert-file', certificate.certificateFile],
      ['tls-key-file', certificate.keyFile],
      ['tls-ca-cert-file', tls.authority.certificateFile],
      ['tls-auth-clients', tls.clientCertificates ? 'yes' : 'optional'],
      ['tls-replication', 'yes'],
    );
  } else {
    lines.push(['port', String(port)]);
  }
  if (users) {
    const aclFile = join(directory, 'users.acl');
    // An ACL file replaces every user, and `requirepass` isn't allowed beside one that names `default`.
    const secret =
      password === undefined ? 'nopass' : `#${createHash('sha256').update(password).digest('hex')}`;
    const defaultUser = `user default on ${secret} ~* &* +@all`;
    await writeFile(aclFile, `${[defaultUser, ...users].join('\n')}\n`, { mode: 0o600 });
    lines.push(['aclfile', aclFile]);
  } else if (password !== undefined) {
    lines.push(['requirepass', JSON.stringify(password)]);
  }
  if (replicaOf) {
    lines.push(['replicaof', `${replicaOf.host} ${replicaOf.port}`]);
    if (replicaOf.password !== undefined) {
      lines.push(['masterauth', JSON.stringify(replicaOf.password)]);
    }
  }
  return [...lines, ...config].map(([directive, value]) => `${directive} ${value}\n`).join('');
}
