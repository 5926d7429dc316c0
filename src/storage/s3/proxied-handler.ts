import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type AgentOptions, agentsFor, httpProxyFor } from '../../net/agents.ts';

/** How the requests of one client are sent. */
export interface ProxiedHandlerOptions extends AgentOptions {
  /** Milliseconds for the connection to be established; left out: no limit. */
  readonly connectionTimeout?: number;
}

type Handle = NodeHttpHandler['handle'];

/**
 * Sends every request of the AWS SDK through the proxy that its own host asks for, or directly. The host is
 * known only when the SDK has put it together, from region, bucket and partition: NO_PROXY names
 * `s3.eu-west-3.amazonaws.com` where that is an endpoint of the network, beside other hosts of AWS that lie
 * behind the proxy.
 */
export class ProxiedHandler extends NodeHttpHandler {
  readonly #options: ProxiedHandlerOptions;
  /** By the proxy; the empty string is none. */
  readonly #handlers = new Map<string, NodeHttpHandler>();

  constructor(options: ProxiedHandlerOptions) {
    super();
    this.#options = options;
  }

  /** @throws {TerminalError} `InvalidInput` see {@link httpProxyFor} */
  override async handle(request: Parameters<Handle>[0], options?: Parameters<Handle>[1]): ReturnType<Handle> {
    const { protocol, hostname, port } = request;
    const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
    return await this.#handlerFor(url).handle(request, options);
  }

  override destroy(): void {
    for (const handler of this.#handlers.values()) {
      handler.destroy();
    }
    super.destroy();
  }

  #handlerFor(url: URL): NodeHttpHandler {
    const { connectionTimeout, ...connection } = this.#options;
    const proxy = httpProxyFor(url, connection.proxy) ?? '';
    const handler =
      this.#handlers.get(proxy) ??
      new NodeHttpHandler({
        ...(connectionTimeout !== undefined && { connectionTimeout }),
        ...agentsFor(url, connection),
      });
    this.#handlers.set(proxy, handler);
    return handler;
  }
}
