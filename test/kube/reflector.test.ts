import { beforeAll, expect, test } from 'vitest';
import { selfSubjectAccessReview } from '../../src/kube/client/access-review.ts';
import { startAPIServer } from '../harness/apiserver.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { startFreezingProxy } from './fixtures/freezingproxy.ts';
import { running } from './fixtures/running.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGET_CRD, WIDGETS, widget } from './fixtures/widget.ts';
import { startCluster, widgetCluster } from './fixtures/widgetcluster.ts';
import { cachedNames, FAST, widgetInformer } from './fixtures/widgetinformer.ts';

beforeAll(startCluster);

test('a watch whose connection was silently forgotten is replaced, and misses nothing', async () => {
  await using direct = await widgetCluster();
  await using proxy = await startFreezingProxy(direct.port);
  await using through = testClient(() =>
    direct.cluster.kubeConfig({ server: `https://127.0.0.1:${proxy.port}` }),
  );
  const { namespace } = direct;
  const informer = widgetInformer(through.client, through.seen, {
    namespaces: [namespace],
    timings: { ...FAST, idleMs: 1_500 },
  });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  await direct.client.create(WIDGETS, widget(namespace, 'before'));
  await poll('the watch to work', () => cachedNames(informer).includes('before'));
  proxy.freeze();
  await direct.client.create(WIDGETS, widget(namespace, 'during'));
  const age = () => through.seen.value('test_watch_last_event_seconds', { namespace });
  await poll('the silence to show in the metric', async () => (await age()) > 0.5);
  await poll('the event behind the silence', () => cachedNames(informer).includes('during'));
  expect(await through.seen.value('test_watch_errors_total', { reason: 'Idle' })).toBeGreaterThanOrEqual(1);
  expect(await through.seen.value('test_relist_total')).toBe(1);
});

test.each([
  ['at connect', 0],
  ['in the TLS handshake', 600],
  ['somewhere in the answer', 5_000],
])('a connection reset %s is made again until it works', async (_when, afterBytes) => {
  await using direct = await widgetCluster();
  await using proxy = await startFaultProxy({ port: direct.port });
  await using through = testClient(() =>
    direct.cluster.kubeConfig({ server: `https://127.0.0.1:${proxy.port}` }),
  );
  const { namespace } = direct;
  await direct.client.create(WIDGETS, widget(namespace, 'a', 1, 'x'.repeat(20_000)));
  proxy.injectNext(5, { kind: 'reset', afterBytes, direction: 'toClient' });
  const informer = widgetInformer(through.client, through.seen, { namespaces: [namespace] });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  // The first list may come from the server's cache and be a moment old; the watch brings what it lacks.
  await poll('the object', () => cachedNames(informer).join() === 'a');
  expect(await through.seen.value('test_watch_errors_total')).toBeGreaterThanOrEqual(1);
});

test('what is created and deleted while the API server cannot be reached is seen afterwards', async () => {
  await using direct = await widgetCluster();
  await using proxy = await startFaultProxy({ port: direct.port });
  await using through = testClient(() =>
    direct.cluster.kubeConfig({ server: `https://127.0.0.1:${proxy.port}` }),
  );
  const { namespace } = direct;
  for (const name of ['stays', 'goes']) {
    await direct.client.create(WIDGETS, widget(namespace, name));
  }
  const informer = widgetInformer(through.client, through.seen, { namespaces: [namespace] });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  await proxy.inject({ kind: 'refuse' });
  await poll('the outage to be noticed', () => informer.failures.length > 0);
  await direct.client.delete(WIDGETS, { namespace, name: 'goes' });
  await direct.client.create(WIDGETS, widget(namespace, 'comes'));
  await proxy.heal();
  await poll('both changes', () => cachedNames(informer).join() === 'comes,stays');
  await poll('the failure to be over', () => informer.failures.length === 0);
});

test('an API server that is killed and comes back finds one watch and no crowd', async () => {
  await using server = await startAPIServer();
  await server.apply(WIDGET_CRD);
  await using proxy = await startFaultProxy({ port: server.port });
  await using through = testClient(() => server.kubeConfig({ server: `https://127.0.0.1:${proxy.port}` }));
  await using direct = testClient(() => server.kubeConfig());
  const namespace = await server.createNamespace();
  const informer = widgetInformer(through.client, through.seen);
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  await server.process.kill();
  const failures = () => through.seen.value('test_watch_errors_total');
  const before = await failures();
  await poll('several attempts in vain', async () => (await failures()) - before > 5);
  await server.restart();
  await poll('the API server to answer', async () => {
    await direct.client.create(WIDGETS, widget(namespace, 'after'));
    return true;
  });
  await poll('what happened since', () => cachedNames(informer).includes('after'));
  // A connection for the watch, and at most the one the list before it used.
  await poll('surplus connections to go', () => proxy.traffic.open <= 2);
});

test('one reflector per namespace fills one store, and a Role in each namespace is enough', async () => {
  await using direct = await widgetCluster();
  const { cluster, namespace: one } = direct;
  const two = await cluster.createNamespace('kube');
  const other = await cluster.createNamespace('kube');
  const token = await cluster.serviceAccountToken(one, 'reader');
  for (const namespace of [one, two]) {
    await cluster.apply(readerRole(namespace, one));
  }
  await using limited = testClient(() => cluster.kubeConfig({ token }));
  const informer = widgetInformer(limited.client, limited.seen, { namespaces: [one, two] });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  for (const namespace of [one, two, other]) {
    await direct.client.create(WIDGETS, widget(namespace, `in-${namespace}`));
  }
  await poll('both objects', () => informer.store.size === 2);
  expect(cachedNames(informer)).toEqual([`in-${one}`, `in-${two}`].sort());
});

test('a missing permission says which, and what to do', async () => {
  await using direct = await widgetCluster();
  const { cluster, namespace } = direct;
  const token = await cluster.serviceAccountToken(namespace, 'stranger');
  await using limited = testClient(() => cluster.kubeConfig({ token }));
  const informer = widgetInformer(limited.client, limited.seen);
  await using _run = running((signal) => informer.run(signal));
  const [failure] = await poll('the refusal', () => informer.failures.length > 0 && informer.failures);
  expect(failure).toContain(`"system:serviceaccount:${namespace}:stranger" cannot list resource "widgets"`);
  expect(failure).toContain('grant this in the Role or ClusterRole bound to this identity');
  expect(informer.hasSynced).toBe(false);
  const question = { verb: 'list', group: 'kube.test', resource: 'widgets' };
  expect(await selfSubjectAccessReview(limited.client, question)).toMatchObject({ allowed: false });
  await cluster.apply(readerRole(namespace, namespace, 'stranger', 'ClusterRole'));
  await informer.synced;
  expect(await selfSubjectAccessReview(limited.client, question)).toMatchObject({ allowed: true });
});

test('a kind that is not installed says so, and is found once it is', async () => {
  await using server = await startAPIServer();
  await using rig = testClient(() => server.kubeConfig());
  const informer = widgetInformer(rig.client, rig.seen);
  await using _run = running((signal) => informer.run(signal));
  const [failure] = await poll('the failure', () => informer.failures.length > 0 && informer.failures);
  expect(failure).toContain('install its CustomResourceDefinition');
  await server.apply(WIDGET_CRD);
  await informer.synced;
});

function readerRole(namespace: string, accountNamespace: string, account = 'reader', kind = 'Role'): string {
  const where = kind === 'Role' ? `namespace: ${namespace}` : '';
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: { name: ${account}-${accountNamespace}, ${where} }
rules: [{ apiGroups: [kube.test], resources: [widgets], verbs: [list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: { name: ${account}-${accountNamespace}, ${where} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${account}-${accountNamespace} }
subjects: [{ kind: ServiceAccount, name: ${account}, namespace: ${accountNamespace} }]
`;
}
