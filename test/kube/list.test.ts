import { beforeAll, expect, test } from 'vitest';
import { APIError } from '../../src/kube/client/api-error.ts';
import { reply, startScriptedAPI, status } from './fixtures/scriptedapi.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGETS, widget } from './fixtures/widget.ts';
import { startCluster, widgetCluster } from './fixtures/widgetcluster.ts';

beforeAll(startCluster);

test('a list of several pages of the real API server is complete, in order, and a watch can continue it', async () => {
  await using world = await widgetCluster();
  const { client, namespace } = world;
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) {
    await client.create(WIDGETS, widget(namespace, name));
  }
  const list = await client.list(WIDGETS, { namespace, pageSize: 2 });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(names);
  expect(await world.seen.value('rest_client_requests_total', { method: 'GET' })).toBe(3);
  await client.delete(WIDGETS, { namespace, name: 'c' });
  const { resourceVersion } = list;
  for await (const event of client.watch(WIDGETS, {
    namespace,
    resourceVersion,
    timeoutSeconds: 60,
    idleTimeoutMs: 60_000,
  })) {
    expect(event).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'c' } } });
    break;
  }
});

test('a list whose second page fails is no list', async () => {
  await using api = await startScriptedAPI(({ query }, response) =>
    query.has('continue')
      ? reply(response, 500, status(500, 'InternalError'))
      : reply(response, 200, {
          kind: 'WidgetList',
          metadata: { resourceVersion: 'x', continue: 'two' },
          items: [],
        }),
  );
  await using rig = testClient(() => api.config());
  await expect(rig.client.list(WIDGETS)).rejects.toBeInstanceOf(APIError);
});
