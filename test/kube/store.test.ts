import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store, type StoreEvent } from '../../src/kube/cache/store.ts';
import type { KubernetesObject } from '../../src/kube/client/object.ts';

interface Item extends KubernetesObject {
  readonly owner: string;
}

let version = 0;
function item(namespace: string, name: string, owner = 'x', uid = `uid-${namespace}-${name}`): Item {
  version += 1;
  const metadata = { namespace, name, uid, resourceVersion: `v${version}` };
  return { apiVersion: 'v1', kind: 'Item', metadata, owner };
}

function startStore() {
  const errors: unknown[] = [];
  const store = new Store<Item>({
    indexers: { byOwner: ({ owner }) => [owner] },
    onListenerError: (error) => errors.push(error),
  });
  const events: string[] = [];
  store.subscribe((event: StoreEvent<Item>) => events.push(`${event.type} ${event.object.metadata.name}`));
  return { store, events, errors };
}

test('a list without an object that was cached reports it as deleted', () => {
  const { store, events } = startStore();
  store.replace('', [item('n', 'a'), item('n', 'b')]);
  events.length = 0;
  store.replace('', [item('n', 'b')]);
  expect(events).toEqual(['updated b', 'deleted a']);
  expect(store.get({ namespace: 'n', name: 'a' })).toBeUndefined();
});

test('an object that was deleted and created again between two lists is reported as both', () => {
  const { store, events } = startStore();
  store.replace('', [item('n', 'a', 'x', 'first')]);
  events.length = 0;
  store.replace('', [item('n', 'a', 'x', 'second')]);
  expect(events).toEqual(['deleted a', 'added a']);
});

test('a list of one namespace says nothing about the others', () => {
  const { store } = startStore();
  store.replace('one', [item('one', 'a')]);
  store.replace('two', [item('two', 'b')]);
  store.replace('one', []);
  expect(store.list().map(({ metadata }) => metadata.name)).toEqual(['b']);
});

test('an empty list is a complete one: the store counts as filled', () => {
  const { store } = startStore();
  expect(store.hasPartition('')).toBe(false);
  store.replace('', []);
  expect(store.hasPartition('')).toBe(true);
});

test('the same resourceVersion again is no change', () => {
  const { store, events } = startStore();
  const same = item('n', 'a');
  store.replace('', [same]);
  store.replace('', [same]);
  store.upsert('', same);
  expect(events).toEqual(['added a']);
});

test('a late subscriber first hears of everything that is cached', () => {
  const { store } = startStore();
  store.replace('', [item('n', 'a'), item('n', 'b')]);
  const heard: string[] = [];
  const unsubscribe = store.subscribe(({ type, object }) => heard.push(`${type} ${object.metadata.name}`));
  unsubscribe();
  store.upsert('', item('n', 'c'));
  expect(heard).toEqual(['added a', 'added b']);
});

test('a listener that throws is reported, and the others are still called', () => {
  const { store, errors } = startStore();
  store.subscribe(() => {
    throw new Error('defect');
  });
  const heard: string[] = [];
  store.subscribe(({ object }) => heard.push(object.metadata.name));
  store.upsert('', item('n', 'a'));
  expect(heard).toEqual(['a']);
  expect(errors).toEqual([new Error('defect')]);
});

test('asking an index that is not defined is a programmer error', () => {
  expect(() => startStore().store.byIndex('byColour', 'red')).toThrow(TypeError);
});

test('indexes always agree with the objects', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const owners = fc.constantFrom('x', 'y');
  const change = fc.oneof(
    fc.record({ do: fc.constant('upsert' as const), name: names, owner: owners }),
    fc.record({ do: fc.constant('remove' as const), name: names }),
    fc.record({ do: fc.constant('replace' as const), names: fc.uniqueArray(names), owner: owners }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const { store } = startStore();
      for (const each of changes) {
        if (each.do === 'upsert') {
          store.upsert('', item('n', each.name, each.owner));
        } else if (each.do === 'remove') {
          store.remove('', item('n', each.name));
        } else {
          store.replace(
            '',
            each.names.map((name) => item('n', name, each.owner)),
          );
        }
        for (const owner of ['x', 'y']) {
          const expected = store.list().filter((object) => object.owner === owner);
          expect(new Set(store.byIndex('byOwner', owner))).toEqual(new Set(expected));
        }
      }
    }),
  );
});
