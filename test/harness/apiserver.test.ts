import { describe, expect, test } from 'vitest';
import { startAPIServer } from './apiserver.ts';
import { startFaultProxy } from './faultproxy.ts';
import { poll } from './poll.ts';
import { sharedAPIServer } from './shared-apiserver.ts';

const WIDGET = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.harness.example.com }
spec:
  group: harness.example.com
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object } }
`;

describe('API server', () => {
  test('is shared by test files, serves an applied CRD at once and keeps a ServiceAccount to its rights', async () => {
    await using cluster = await sharedAPIServer();
    await using sameCluster = await sharedAPIServer();
    expect(sameCluster.address).toEqual(cluster.address);
    await cluster.apply(WIDGET);
    const namespace = await cluster.createNamespace();
    await cluster.apply('{apiVersion: harness.example.com/v1, kind: Widget, metadata: {name: one}}', {
      namespace,
    });
    expect(await cluster.kubectl(['get', 'widgets', '-n', namespace, '-o', 'name'])).toBe(
      'widget.harness.example.com/one\n',
    );

    const token = await cluster.serviceAccountToken(namespace, 'operator');
    const kubeconfigFile = await cluster.kubeconfigFile({ token, namespace });
    await expect(cluster.kubectl(['get', 'widgets'], { kubeconfigFile })).rejects.toThrow(
      `User "system:serviceaccount:${namespace}:operator" cannot list resource "widgets"`,
    );
  });

  test("of one's own runs controllers, knows users, survives SIGKILL and is reached through a proxy", async () => {
    await using cluster = await startAPIServer({
      controllerManager: true,
      users: [{ name: 'alice', groups: ['developers', 'on-call'] }],
    });
    const namespace = await cluster.createNamespace();
    await poll('the default ServiceAccount', () =>
      cluster.kubectl(['get', 'serviceaccount', 'default', '-n', namespace]).then(() => true),
    );
    await cluster.process.kill();
    await cluster.restart();
    await using proxy = await startFaultProxy(cluster);
    const { alice: token } = cluster.address.tokens;
    const kubeconfigFile = await cluster.kubeconfigFile({
      server: `https://127.0.0.1:${proxy.port}`,
      ...(token === undefined ? {} : { token }),
    });
    const whoami = await cluster.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfigFile });
    expect(JSON.parse(whoami).status.userInfo).toMatchObject({
      username: 'alice',
      groups: ['developers', 'on-call', 'system:authenticated'],
    });
    expect(proxy.traffic.connections).toBeGreaterThan(0);
  });
});
