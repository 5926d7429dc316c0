import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { asset } from './assets.ts';
import { freePort } from './free-port.ts';
import { poll } from './poll.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const QUORUM = 2;
const SENTINELS = 3;

/** How the topology is to be set up. */
export interface SentinelOptions {
  /** Password of the Redis servers. */
  readonly password?: string;
  /** Password of the Sentinels. */
  readonly sentinelPassword?: string;
  /** Milliseconds without an answer after which a Sentinel holds a server for dead. */
  readonly downAfterMs?: number;
}

/** A primary, its replica, and three Sentinels that watch them. */
export interface SentinelTopology extends AsyncDisposable {
  /** The name under which the Sentinels know the primary. */
  readonly name: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** Both servers; the first one is the primary at the start. */
  readonly servers: readonly [RedisServer, RedisServer];
  /** The server that the Sentinels call the primary now. */
  primary(): Promise<RedisServer>;
  /**
   * Kills the primary and returns the other server once the Sentinels have promoted it and it takes writes.
   */
  failOver(): Promise<RedisServer>;
  stop(): Promise<void>;
}

/**
 * Starts the topology and waits until the replica is in sync and all Sentinels know each other. Without that
 * wait a failover can promote a replica that hasn't got its first copy yet, and everything is lost.
 */
export async function startSentinels(options: SentinelOptions = {}): Promise<SentinelTopology> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(
  { password, sentinelPassword, downAfterMs = 2_000 }: SentinelOptions,
  stack: AsyncDisposableStack,
): Promise<SentinelTopology> {
  const name = 'primary';
  const auth = password === undefined ? {} : { password };
  // A primary that comes back as a replica logs in too.
  const config = password === undefined ? [] : [['masterauth', password] as const];
  const first = stack.use(await startRedis({ ...auth, config }));
  const second = stack.use(
    await startRedis({ ...auth, replicaOf: { host: first.host, port: first.port, ...auth } }),
  );
  const servers = [first, second] as const;
  const client = await first.client();
  await poll('the replica to be in sync', async () =>
    (await client.info('replication')).includes('state=online'),
  );

  const clients: Redis[] = [];
  const sentinels: { host: string; port: number }[] = [];
  for (let index = 0; index < SENTINELS; index += 1) {
    const port = await freePort();
    stack.use(await startSentinel({ name, port, primary: first, downAfterMs, password, sentinelPassword }));
    const sentinel = new Redis({
      host: first.host,
      port,
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    });
    sentinel.on('error', () => undefined);
    stack.defer(() => sentinel.disconnect());
    clients.push(sentinel);
    sentinels.push({ host: first.host, port });
  }
  for (const sentinel of clients) {
    await poll('the Sentinels to know each other and the replica', async () =>
      (await sentinel.info('sentinel')).includes(`slaves=1,sentinels=${SENTINELS}`),
    );
  }

  const primary = async (): Promise<RedisServer> => {
    const reply = await clients[0]?.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    const port: unknown = Array.isArray(reply) ? reply[1] : undefined;
    const found = servers.find((server) => server.port === Number(port));
    if (!found) {
      throw new Error(
        `The Sentinels call a server on port ${port} the primary, which isn't of this topology.`,
      );
    }
    return found;
  };
  const stop = (): Promise<void> => stack.disposeAsync();
  return {
    name,
    sentinels,
    servers,
    primary,
    failOver: async () => {
      const old = await primary();
      await old.process.kill();
      return poll('the Sentinels to promote the replica', async () => {
        const next = await primary();
        if (next === old) {
          return undefined;
        }
        const replication = await (await next.client()).info('replication');
        return replication.includes('role:master') ? next : undefined;
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startSentinel(options: {
  readonly name: string;
  readonly port: number;
  readonly primary: RedisServer;
  readonly downAfterMs: number;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
}): Promise<RunningProcess> {
  const { name, port, primary, downAfterMs, password, sentinelPassword } = options;
  const directory = await temporaryDirectory('sentinel');
  const configFile = join(directory.path, 'sentinel.conf');
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${directory.path}`,
    `sentinel monitor ${name} ${primary.host} ${primary.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
    `sentinel failover-timeout ${name} 10000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
  ];
  await writeFile(configFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  const running = await startProcess({
    name: 'redis-sentinel',
    command: asset('redis-server'),
    args: [configFile, '--sentinel'],
  });
  return {
    ...running,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
