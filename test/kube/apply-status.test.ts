import { afterAll, beforeAll, expect, test } from 'vitest';
import { isConflict, isInvalid, isNotFound } from '../../src/kube/client/api-error.ts';
import { applyStatus, type StatusApplier } from '../../src/kube/client/apply-status.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/client/finalizers.ts';
import { WIDGETS, type Widget, widget } from './fixtures/widget.ts';
import { type WidgetCluster, widgetCluster } from './fixtures/widgetcluster.ts';

let world: WidgetCluster;
beforeAll(async () => {
  world = await widgetCluster();
});
afterAll(() => world[Symbol.asyncDispose]());

function owner(fieldManager: string): StatusApplier {
  return { client: world.client, fieldManager, metrics: world.seen.metrics, logger: world.seen.logger };
}

function create(name: string): Promise<Widget> {
  return world.client.create(WIDGETS, widget(world.namespace, name));
}

const counted = (result: string) => world.seen.value('test_status_apply_total', { result });

test('a status is applied to a custom resource, and owned by its writer', async () => {
  const created = await create('owned');
  const applied = await applyStatus(owner('controller'), WIDGETS, created, { observedSize: 1, note: 'fine' });
  expect(applied.status).toEqual({ observedSize: 1, note: 'fine' });
  expect(applied.metadata.generation).toBe(created.metadata.generation);
  expect(applied.metadata.managedFields).toContainEqual(
    expect.objectContaining({ manager: 'controller', operation: 'Apply', subresource: 'status' }),
  );
});

test('what the next status no longer says is gone', async () => {
  const first = await applyStatus(owner('controller'), WIDGETS, await create('shrinks'), {
    observedSize: 1,
    note: 'x',
  });
  const second = await applyStatus(owner('controller'), WIDGETS, first, { observedSize: 1 });
  expect(second.status).toEqual({ observedSize: 1 });
});

test('a status that says the same is not written', async () => {
  const applied = await applyStatus(owner('controller'), WIDGETS, await create('same'), {
    observedSize: 1,
    conditions: [{ type: 'Ready', status: 'True' }],
  });
  const before = await counted('unchanged');
  const same = { conditions: [{ type: 'Ready', status: 'True' }], observedSize: 1, note: undefined };
  expect(await applyStatus(owner('controller'), WIDGETS, applied, JSON.parse(JSON.stringify(same)))).toBe(
    applied,
  );
  expect(await counted('unchanged')).toBe(before + 1);
  const live = await world.client.get(WIDGETS, applied.metadata);
  expect(live.metadata.resourceVersion).toBe(applied.metadata.resourceVersion);
});

test("another manager's conditions stay; its hand on our fields is counted, logged and taken off", async () => {
  const created = await create('shared');
  await applyStatus(owner('other'), WIDGETS, created, {
    note: 'mine',
    conditions: [{ type: 'Audited', status: 'True' }],
  });
  const before = await counted('conflict');
  const live = await world.client.get(WIDGETS, created.metadata);
  const applied = await applyStatus(owner('controller'), WIDGETS, live, {
    note: 'no, mine',
    conditions: [{ type: 'Ready', status: 'True' }],
  });
  expect(applied.status?.note).toBe('no, mine');
  expect(applied.status?.conditions?.map(({ type }) => type).sort()).toEqual(['Audited', 'Ready']);
  expect(await counted('conflict')).toBe(before + 1);
  const line = world.seen.lines.find(({ msg }) => msg?.includes('another field manager wrote'));
  expect(JSON.stringify(line)).toContain('.status.note');
  expect(JSON.stringify(line)).toContain('conflict with \\"other\\"');
});

test('a status computed from an old state is refused when asked to, and the newer one stands', async () => {
  const created = await create('terminal');
  await applyStatus(owner('controller'), WIDGETS, created, { note: 'finished' });
  const stale = applyStatus(
    owner('controller'),
    WIDGETS,
    created,
    { note: 'running' },
    { onlyIfUnchanged: true },
  );
  await expect(stale).rejects.toSatisfy(isConflict);
  expect((await world.client.get(WIDGETS, created.metadata)).status?.note).toBe('finished');
});

test('a status is written although another client changed the object since it was read', async () => {
  const created = await create('busy');
  await world.client.patch(WIDGETS, created.metadata, {
    type: 'merge',
    body: { metadata: { labels: { a: 'b' } } },
  });
  const applied = await applyStatus(owner('controller'), WIDGETS, created, { note: 'written' });
  expect(applied).toMatchObject({ metadata: { labels: { a: 'b' } }, status: { note: 'written' } });
});

test('a status never lands on another object of the same name', async () => {
  const created = await create('namesake');
  await world.client.delete(WIDGETS, created.metadata, { uid: created.metadata.uid });
  const missing = applyStatus(owner('controller'), WIDGETS, created, { note: 'lost' });
  await expect(missing).rejects.toSatisfy(isNotFound);
  await create('namesake');
  const misdirected = applyStatus(owner('controller'), WIDGETS, created, { note: 'lost' });
  await expect(misdirected).rejects.toSatisfy(isConflict);
});

test('merge patch and JSON patch are what custom resources take; both work', async () => {
  const created = await create('patched');
  const merged = await world.client.patch(WIDGETS, created.metadata, {
    type: 'merge',
    body: { spec: { size: 2 } },
  });
  expect(merged.spec.size).toBe(2);
  const replaced = await world.client.patch(WIDGETS, created.metadata, {
    type: 'json',
    body: [{ op: 'replace', path: '/spec/size', value: 3 }],
  });
  expect(replaced.spec.size).toBe(3);
  const wrong = world.client.patch(WIDGETS, created.metadata, {
    type: 'merge',
    body: { spec: { size: 'big' } },
  });
  await expect(wrong).rejects.toSatisfy(isInvalid);
});

test('a finalizer holds back a deletion until it is removed, and adding one removes no other', async () => {
  const created = await create('held');
  const held = await addFinalizer(world.client, WIDGETS, created, 'kube.test/one');
  expect(await addFinalizer(world.client, WIDGETS, held, 'kube.test/one')).toBe(held);
  await expect(addFinalizer(world.client, WIDGETS, created, 'kube.test/two')).rejects.toSatisfy(isConflict);
  const both = await addFinalizer(world.client, WIDGETS, held, 'kube.test/two');
  await world.client.delete(WIDGETS, created.metadata);
  const deleting = await world.client.get(WIDGETS, created.metadata);
  expect(deleting.metadata.deletionTimestamp).toBeDefined();
  expect(both.metadata.finalizers).toEqual(['kube.test/one', 'kube.test/two']);
  const one = await removeFinalizer(world.client, WIDGETS, deleting, 'kube.test/two');
  expect(one.metadata.finalizers).toEqual(['kube.test/one']);
  const none = await removeFinalizer(world.client, WIDGETS, one, 'kube.test/one');
  expect(await removeFinalizer(world.client, WIDGETS, none, 'kube.test/one')).toBe(none);
  await expect(world.client.get(WIDGETS, created.metadata)).rejects.toSatisfy(isNotFound);
});
