import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Fault } from './fault.ts';
import { type Link, relay } from './fault-relay.ts';
import { freePort } from './free-port.ts';

/** What a proxy has seen since it started. */
interface Traffic {
  /** Connections that were accepted. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Bytes that were handed to the server. */
  readonly bytesToServer: number;
  /** Bytes that were handed to the client. */
  readonly bytesToClient: number;
}

/**
 * A TCP proxy on a port of 127.0.0.1 that misbehaves on request. TLS passes through it: only `hold`,
 * `swallow` and `hangUp` read the bytes.
 */
export interface FaultProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly traffic: Traffic;
  /** Replaces what is wrong, for open and for new connections. */
  inject(...faults: readonly Fault[]): Promise<void>;
  /** Gives the next `connections` that are accepted faults of their own, for as long as they last. */
  injectNext(connections: number, ...faults: readonly Exclude<Fault, { kind: 'refuse' }>[]): void;
  /** Ends what {@link inject} and {@link injectNext} began. */
  heal(): Promise<void>;
  /** Resets all open connections once. */
  resetAll(): void;
  stop(): Promise<void>;
}

/** Starts a proxy to a server that need not run yet. */
export async function startFaultProxy(to: {
  readonly host?: string;
  readonly port: number;
}): Promise<FaultProxy> {
  const host = '127.0.0.1';
  const port = await freePort();
  const changes = new EventEmitter().setMaxListeners(0);
  const sockets = new Set<Socket>();
  let faults: readonly Fault[] = [];
  let scripted: { left: number; readonly faults: readonly Fault[] } = { left: 0, faults: [] };
  let healed = 0;
  const seen = { connections: 0, bytesToServer: 0, bytesToClient: 0 };

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
    // Its relay sees the error too, through the iterator.
    socket.on('error', () => undefined);
  };
  const own = (): (() => readonly Fault[]) => {
    if (scripted.left === 0) {
      return () => faults;
    }
    scripted.left -= 1;
    const [since, ownFaults] = [healed, scripted.faults];
    return () => (healed === since ? ownFaults : faults);
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    seen.connections += 1;
    const upstream = connect({ host: to.host ?? host, port: to.port, allowHalfOpen: true });
    track(client);
    track(upstream);
    const shared = { faults: own(), changes } satisfies Partial<Link>;
    const toServer = (bytes: number): void => {
      seen.bytesToServer += bytes;
    };
    const toClient = (bytes: number): void => {
      seen.bytesToClient += bytes;
    };
    void relay({ ...shared, from: client, to: upstream, direction: 'toServer', count: toServer });
    void relay({ ...shared, from: upstream, to: client, direction: 'toClient', count: toClient });
  });
  const listen = async (): Promise<void> => {
    if (!server.listening) {
      server.listen(port, host);
      await once(server, 'listening');
    }
  };
  const refuse = async (): Promise<void> => {
    if (server.listening) {
      const closed = once(server, 'close');
      server.close();
      resetAll();
      await closed;
    }
  };
  const resetAll = (): void => {
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
  };
  const change = async (next: readonly Fault[]): Promise<void> => {
    faults = next;
    changes.emit('change');
    await (next.some(({ kind }) => kind === 'refuse') ? refuse() : listen());
  };
  const heal = (): Promise<void> => {
    healed += 1;
    scripted = { left: 0, faults: [] };
    return change([]);
  };
  const stop = async (): Promise<void> => {
    faults = [];
    healed += 1;
    changes.emit('change');
    await refuse();
  };
  await listen();
  return {
    host,
    port,
    get traffic() {
      return { ...seen, open: sockets.size / 2 };
    },
    inject: (...next) => change(next),
    injectNext: (left, ...next) => {
      scripted = { left, faults: next };
    },
    heal,
    resetAll,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
