import { APIClient } from '../../../src/kube/client/api-client.ts';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { sharedAPIServer } from '../../harness/shared-apiserver.ts';
import { observed } from '../../kube/fixtures/observed.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

/** A client with every right in the cluster. */
export function adminClient(cluster: Pick<APIServerAccess, 'kubeConfig'>): APIClient {
  return new APIClient({
    loadConfig: () => cluster.kubeConfig(),
    userAgent: 'test',
    metrics: observed().metrics,
  });
}

/** A namespace of the shared API server with a client for it. */
export interface NamespaceClient extends AsyncDisposable {
  readonly namespace: TestNamespace;
  readonly client: APIClient;
}

/** Creates the namespace. */
export async function namespaceClient(prefix?: string): Promise<NamespaceClient> {
  const namespace = await testNamespace(await sharedAPIServer(), prefix);
  const client = adminClient(namespace.cluster);
  return { namespace, client, [Symbol.asyncDispose]: () => client.close() };
}
