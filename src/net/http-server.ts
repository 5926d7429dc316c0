import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../async/clock.ts';
import { systemClock } from '../async/clock.ts';
import { systemErrorCode, TerminalError } from '../errors.ts';

/** Where to listen. Port 0: any free one. */
export interface ListenAddress {
  /** All interfaces when undefined. */
  readonly host: string | undefined;
  readonly port: number;
}

/** What clients may make a server hold, and for how long; times in milliseconds. */
export interface ServerLimits {
  /**
   * Open connections. Beyond that a new one replaces one of the address that has most: the one that has been
   * idle longest, or has not read its answer. It is refused when all of those are being served.
   */
  readonly connections: number;
  /** Requests on one connection, after which it is closed. */
  readonly requestsPerConnection: number;
  /**
   * Requests a connection may send before earlier ones are answered; one that sends more is cut off. They are
   * served one by one.
   */
  readonly pipelinedRequests: number;
  /** Header lines and request target together, in bytes; more is answered 431. */
  readonly headerBytes: number;
  /** Time for the headers of a request, from the first byte or the connection; then it is answered 408. */
  readonly headersMs: number;
  /** Time for a whole request, body included; then it is answered 408. */
  readonly requestMs: number;
  /** Time for a client to read an answer; then it is cut off. */
  readonly answerMs: number;
  /** Time a connection may be idle between two requests. */
  readonly keepAliveMs: number;
}

/** Limits that fit a server whose requests and answers are small. */
const defaultLimits: ServerLimits = {
  connections: 1_000,
  requestsPerConnection: 10_000,
  pipelinedRequests: 8,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 15_000,
  answerMs: 10_000,
  // Longer than proxies keep idle connections (60 s is common), so that they and not we close one that is
  // about to be used.
  keepAliveMs: 75_000,
};

/** How often connections are checked against the clock, in milliseconds. */
const CHECK_INTERVAL_MS = 1_000;

/** One client connection, and what it has asked for. */
class ClientConnection {
  readonly socket: Socket;
  readonly address: string;
  /** The answer being made or sent; at most one at a time. */
  answering: ServerResponse | undefined;
  /** When an answer was first seen complete but unread, by the monotonic clock. */
  unreadSince: number | undefined;
  /** Requests answered so far. */
  answered = 0;
  readonly pipelined: (readonly [IncomingMessage, ServerResponse])[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    this.address = socket.remoteAddress ?? '';
  }
}

/**
 * An HTTP server of which a client can hold only so much: connections, requests on each, headers, unread
 * answers, and time are all bounded before any work is done. Can be drained.
 */
export class HTTPServer {
  readonly #server: Server;
  readonly #listener: RequestListener;
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #connections = new Map<Socket, ClientConnection>();
  /** Connections without a request in hand, the one that has been idle longest first. */
  readonly #idle = new Set<ClientConnection>();
  /** How many connections each address has. */
  readonly #byAddress = new Map<string, number>();
  readonly #checks: NodeJS.Timeout;

  private constructor(listener: RequestListener, limits: ServerLimits, clock: Clock) {
    this.#listener = listener;
    this.#limits = limits;
    this.#clock = clock;
    const interval = Math.min(CHECK_INTERVAL_MS, limits.headersMs, limits.answerMs);
    this.#server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: interval,
      keepAliveTimeout: limits.keepAliveMs,
      requireHostHeader: true,
      insecureHTTPParser: false,
    });
    this.#server.maxRequestsPerSocket = limits.requestsPerConnection;
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#server.on('request', (req, res) => this.#requested(req, res));
    // Sent after the last one of the connection. Node.js answers each with 503.
    this.#server.on('dropRequest', (req) => stopParsing(req.socket));
    this.#checks = setInterval(() => this.#cutOffUnread(), interval).unref();
  }

  /**
   * Serves from when this resolves.
   *
   * @throws {TerminalError} `InvalidInput` when the address is taken, or not this user's to take.
   */
  static async listen(
    listener: RequestListener,
    { host, port }: ListenAddress,
    limits: Partial<ServerLimits> = {},
    clock: Clock = systemClock,
  ): Promise<HTTPServer> {
    const server = new HTTPServer(listener, { ...defaultLimits, ...limits }, clock);
    server.#server.listen({ host, port });
    try {
      await once(server.#server, 'listening');
    } catch (error) {
      clearInterval(server.#checks);
      throw unavailable(error, host, port);
    }
    return server;
  }

  get port(): number {
    // A TCP server that listens has an address object; a string is a pipe's, null a closed server's.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Connections whose request is being served. */
  get busyConnections(): number {
    return this.#connections.size - this.#idle.size;
  }

  /** Takes no new connections, lets requests finish for at most `graceMs`, then cuts them off. */
  async drain(graceMs: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cutOff = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(cutOff);
    clearInterval(this.#checks);
  }

  #connected(socket: Socket): void {
    if (this.#connections.size >= this.#limits.connections) {
      const replaced = this.#replaceable();
      if (replaced === undefined) {
        socket.destroy();
        return;
      }
      this.#forget(replaced);
      replaced.socket.destroy();
    }
    const connection = new ClientConnection(socket);
    this.#connections.set(socket, connection);
    this.#idle.add(connection);
    this.#byAddress.set(connection.address, (this.#byAddress.get(connection.address) ?? 0) + 1);
    socket.once('close', () => this.#forget(connection));
    parserOf(socket); // throws where it can't be stopped
  }

  /**
   * Looked for among those of the address with most connections, so that one client's flood doesn't cost the
   * others theirs.
   */
  #replaceable(): ClientConnection | undefined {
    const [[crowded] = []] = [...this.#byAddress].sort(([, a], [, b]) => b - a);
    for (const connections of [this.#idle, this.#connections.values()]) {
      for (const connection of connections) {
        const isServed = connection.answering?.writableEnded === false;
        if (connection.address === crowded && !isServed) {
          return connection;
        }
      }
    }
    return undefined;
  }

  #forget(connection: ClientConnection): void {
    if (!this.#connections.delete(connection.socket)) {
      return;
    }
    this.#idle.delete(connection);
    connection.pipelined.length = 0;
    const others = (this.#byAddress.get(connection.address) ?? 1) - 1;
    if (others === 0) {
      this.#byAddress.delete(connection.address);
    } else {
      this.#byAddress.set(connection.address, others);
    }
  }

  #requested(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connections.get(req.socket);
    if (connection === undefined) {
      stopParsing(req.socket);
      return;
    }
    if (connection.answering === undefined) {
      this.#serve(connection, req, res);
    } else if (connection.pipelined.length < this.#limits.pipelinedRequests) {
      connection.pipelined.push([req, res]);
    } else {
      this.#forget(connection);
      stopParsing(req.socket);
      req.socket.destroy();
    }
  }

  #serve(connection: ClientConnection, req: IncomingMessage, res: ServerResponse): void {
    connection.answering = res;
    this.#idle.delete(connection);
    res.once('close', () => this.#answered(connection));
    this.#listener(req, res);
  }

  #answered(connection: ClientConnection): void {
    connection.answering = undefined;
    connection.unreadSince = undefined;
    connection.answered += 1;
    if (!this.#connections.has(connection.socket)) {
      return;
    }
    if (connection.answered >= this.#limits.requestsPerConnection) {
      // Node.js has said `Connection: close`, and leaves it at that.
      this.#forget(connection);
      connection.socket.destroySoon();
      return;
    }
    const next = connection.pipelined.shift();
    if (next === undefined) {
      this.#idle.add(connection);
    } else {
      this.#serve(connection, ...next);
    }
  }

  #cutOffUnread(): void {
    const now = this.#clock.monotonic();
    for (const connection of this.#connections.values()) {
      if (connection.answering?.writableEnded === true) {
        connection.unreadSince ??= now;
        if (now - connection.unreadSince >= this.#limits.answerMs) {
          connection.socket.destroy();
        }
      }
    }
  }
}

/** What keeps a server from an address, by the code of the operating system, and what to do about it. */
const listenFailures: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there. Choose another port, or end that program.',
  EACCES: 'this user may not listen there. Choose a port above 1023.',
  EADDRNOTAVAIL: 'no network interface has this address. Choose another one.',
};

function unavailable(error: unknown, host: string | undefined, port: number): unknown {
  const what = listenFailures[systemErrorCode(error) ?? ''];
  return what === undefined
    ? error
    : new TerminalError('InvalidInput', `Can't listen on ${host ?? '*'}:${port}: ${what}`, { cause: error });
}

/** What node:http keeps on the socket of a connection: its parser, which calls `onIncoming` for a request. */
interface RequestParser {
  /** Its result says how to go on: 0 as usual, 1 without a body, 2 not at all. */
  onIncoming: () => number;
}

/** @throws when this Node.js parses in another way: what a client can have made would not be bounded. */
function parserOf(socket: Socket): RequestParser {
  // No part of the types, because it is no part of the documentation either.
  const { parser } = socket as Socket & { readonly parser?: Partial<RequestParser> | null };
  if (typeof parser?.onIncoming !== 'function') {
    throw new Error('node:http parses requests in another way than this was made for');
  }
  return parser as RequestParser; // it has the function, says the line above
}

/**
 * Leaves the rest of what was read unparsed. The parser delivers every request of one read before anything
 * else happens, whether or not the connection was cut off at the first of them: 2,400 fit into 64 KiB, and
 * each takes some kilobytes. Giving it less at once would bound them too, at 10 µs a request: what is read
 * then takes the way through a stream instead of going to the parser directly.
 */
function stopParsing(socket: Socket): void {
  parserOf(socket).onIncoming = () => 2;
}
