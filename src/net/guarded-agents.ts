import { Agent as HTTPAgent } from 'node:http';
import { Agent as HTTPSAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { bareHost, type HostResolver, lookupOf } from './dial.ts';

type Options = Parameters<HTTPAgent['createConnection']>[0];
type Callback = NonNullable<Parameters<HTTPAgent['createConnection']>[1]>;

/** An agent of node:http whose sockets connect to nothing but what a resolver allows at that moment. */
export class GuardedHTTPAgent extends HTTPAgent {
  readonly #resolve: HostResolver;

  constructor(options: ConstructorParameters<typeof HTTPAgent>[0], resolve: HostResolver) {
    super(options);
    this.#resolve = resolve;
  }

  override createConnection(options: Options, callback?: Callback): undefined {
    connectResolved(this.#resolve, options, callback, (resolved) => super.createConnection(resolved));
  }
}

/** Like {@link GuardedHTTPAgent}, for node:https. */
export class GuardedHTTPSAgent extends HTTPSAgent {
  readonly #resolve: HostResolver;

  constructor(options: ConstructorParameters<typeof HTTPSAgent>[0], resolve: HostResolver) {
    super(options);
    this.#resolve = resolve;
  }

  override createConnection(options: Options, callback?: Callback): undefined {
    connectResolved(this.#resolve, options, callback, (resolved) => super.createConnection(resolved));
  }
}

function connectResolved(
  resolve: HostResolver,
  options: Options,
  callback: Callback | undefined,
  connect: (options: Options) => Duplex | null | undefined,
): void {
  const host = bareHost(options.host ?? 'localhost');
  resolve(host, Number(options.port))
    .then((addresses) => connect({ ...options, host, lookup: lookupOf(addresses) }))
    .then(
      (socket) => socket && callback?.(null, socket),
      // node:http ignores the socket of a callback with an error.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
}
