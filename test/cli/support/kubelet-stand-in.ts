import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { createAuthority } from '../../harness/certificates.ts';

/** The log of a container so far; undefined while it has not started. */
export type ContainerLog = () => Promise<string | undefined>;

/** A node on which containers have logs. */
export interface KubeletStandIn extends AsyncDisposable {
  /** Of the Node, for `spec.nodeName` of pods. */
  readonly node: string;
  /** Queries of requests for logs, in order. */
  readonly queries: readonly URLSearchParams[];
  /** What the log of a pod's container is read from. */
  serve(namespace: string, pod: string, log: ContainerLog): void;
  /** Breaks every log that is being followed off. */
  breakOff(): void;
}

/**
 * The route of a kubelet from which an API server streams logs, and a Node that says where it is. There are
 * no kubelets in these tests; the API server that asks it, and what it serves, are real.
 */
export async function startKubeletStandIn(cluster: APIServerAccess): Promise<KubeletStandIn> {
  const authority = await createAuthority('kubelet');
  const { certificate, key } = await authority.issue('kubelet');
  const logs = new Map<string, ContainerLog>();
  const queries: URLSearchParams[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubelet');
    queries.push(searchParams);
    const [, , namespace, pod] = pathname.split('/');
    const log = logs.get(`${namespace}/${pod}`);
    const text = await log?.();
    if (log === undefined || text === undefined) {
      response.writeHead(400).end(`container "controller" in pod "${pod}" is waiting to start`);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' }).write(text);
    if (searchParams.get('follow') !== 'true') {
      response.end();
      return;
    }
    open.add(response);
    response.once('close', () => open.delete(response));
    for (let sent = text.length; !response.destroyed; await delay(20)) {
      const now = (await log()) ?? '';
      response.write(now.slice(sent));
      sent = now.length;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const node = `node-${port}`;
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }));
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  await cluster.kubectl([
    ...['patch', 'node', node, '--subresource=status', '--type=merge'],
    `--patch=${JSON.stringify({ status })}`,
  ]);
  return {
    node,
    queries,
    serve: (namespace, pod, log) => logs.set(`${namespace}/${pod}`, log),
    breakOff: () => {
      for (const response of open) {
        response.destroy();
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await authority[Symbol.asyncDispose]();
    },
  };
}
