import { beforeAll, expect, test } from 'vitest';
import { APIError } from '../../src/kube/client/api-error.ts';
import { reply, startScriptedAPI, status } from './fixtures/scriptedapi.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGETS, type Widget, widget } from './fixtures/widget.ts';
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

test('a list of large objects comes in smaller pages, and holds no more than what is kept of each', async () => {
  await using world = await widgetCluster();
  const { client, namespace } = world;
  const names = Array.from({ length: 40 }, (_, at) => `w-${10 + at}`);
  const annotations = { large: 'x'.repeat(250_000) };
  for (const name of names) {
    const object = widget(namespace, name);
    await client.create(WIDGETS, { ...object, metadata: { ...object.metadata, annotations } });
  }
  const keep = ({ metadata: { annotations: _, ...metadata }, ...object }: Widget) => ({
    ...object,
    metadata,
  });
  const list = await client.list<Widget>(WIDGETS, { namespace, keep });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(names);
  expect(JSON.stringify(list).length).toBeLessThan(100_000);
  expect(await world.seen.value('rest_client_requests_total', { method: 'GET' })).toBeGreaterThan(2);
});

test('an answer of one object that is too large is an error, and no endless attempt', async () => {
  await using api = await startScriptedAPI((_request, response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed) {
        if (!response.write('x'.repeat(1_000_000))) {
          return;
        }
      }
    };
    response.on('drain', write);
    write();
  });
  await using rig = testClient(() => api.config());
  await expect(rig.client.list(WIDGETS)).rejects.toMatchObject({ failure: 'TooLarge' });
  expect(api.requests.map(({ query }) => query.get('limit'))).toEqual(['500', '125', '32', '8', '2', '1']);
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
