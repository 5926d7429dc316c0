import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { LatestStates } from '../../src/controllers/bootstrapstate/latest.ts';
import { Store } from '../../src/kube/cache/store.ts';
import { generatedCases } from '../harness/generated-cases.ts';

const key = { namespace: 'apps', name: 'app' };

/** Written for the `version`-th time. */
function state(version: number, uid = 'first'): BootstrapState {
  return {
    apiVersion,
    kind: 'BootstrapState',
    metadata: { ...key, uid, resourceVersion: `v${version}` },
    spec: { targetRef: { name: 'default' }, adminName: 'admin', appName: 'app' },
    status: { consecutiveLosses: version },
  };
}

function versionOf(object: BootstrapState | undefined): number {
  return object?.status.consecutiveLosses ?? -1;
}

/** An API server with one state, a cache that follows later, and answers that come later still. */
class World {
  readonly store = new Store<BootstrapState>({ onListenerError: (error) => expect.fail(String(error)) });
  /** How often a change of another writer was reported. */
  reported = 0;
  readonly latest = new LatestStates(this.store, () => {
    this.reported += 1;
  });
  #current = state(0);
  readonly #events = [this.#current];
  #write: { readonly answer: () => void; readonly done: Promise<unknown> } | undefined;

  constructor() {
    this.showNext();
  }

  get current(): BootstrapState {
    return this.#current;
  }

  /** The cache shows the next change. */
  showNext(): void {
    const next = this.#events.shift();
    if (next !== undefined) {
      this.store.upsert('', next);
    }
  }

  showAll(): void {
    while (this.#events.length > 0) {
      this.showNext();
    }
  }

  /** Another controller writes. */
  writeForeign(): void {
    this.#change();
  }

  /** We write over what is known best, one write at a time; whether the API server took it. */
  async write(): Promise<boolean> {
    await this.answer();
    const read = this.latest.get(key);
    if (read === undefined) {
      return false;
    }
    const written = versionOf(read) === versionOf(this.#current) ? this.#change() : undefined;
    const { promise, resolve } = Promise.withResolvers<BootstrapState | undefined>();
    const done = this.latest.write(read, () => promise);
    this.#write = { answer: () => resolve(written), done };
    return written !== undefined;
  }

  /** The answer to our write arrives. */
  async answer(): Promise<void> {
    this.#write?.answer();
    await this.#write?.done;
    this.#write = undefined;
  }

  #change(): BootstrapState {
    this.#current = state(versionOf(this.#current) + 1);
    this.#events.push(this.#current);
    return this.#current;
  }
}

const steps = ['write', 'answer', 'writeForeign', 'showNext'] as const;

test('in whatever order writes, answers and the watch come, nothing older than the cache is believed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), async (order) => {
      const world = new World();
      for (const step of order) {
        await world[step]();
        expect(versionOf(world.latest.get(key))).toBeGreaterThanOrEqual(versionOf(world.store.get(key)));
      }
      await world.answer();
      world.showAll();
      expect(world.latest.get(key)).toEqual(world.current);
      expect(await world.write()).toBe(true);
    }),
    { numRuns: generatedCases(2_000) },
  );
});

test('what others write last is reported, whatever was written here before, and our own writes are not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 20 }), async (order) => {
      const world = new World();
      for (const step of order) {
        await world[step]();
      }
      await world.answer();
      world.showAll();
      world.reported = 0;
      await world.write();
      world.writeForeign();
      world.showAll();
      await world.answer();
      expect(world.reported).toBe(1);
      await world.write();
      world.showAll();
      await world.answer();
      await world.write();
      await world.answer();
      world.showAll();
      expect(world.reported).toBe(1);
    }),
    { numRuns: generatedCases(500) },
  );
});

test('a write over what was just written needs no cache', async () => {
  const world = new World();
  for (let times = 0; times < 3; times += 1) {
    expect(await world.write()).toBe(true);
    await world.answer();
  }
});

test('an answer after another controller has written over it is not believed', async () => {
  const world = new World();
  await world.write();
  world.writeForeign();
  world.showAll();
  await world.answer();
  expect(world.latest.get(key)).toEqual(world.current);
});

test('a write that fails leaves what was known, and what the cache shows next counts', async () => {
  const world = new World();
  await world.write();
  await world.answer();
  const failing = world.latest.write(world.current, () => Promise.reject(new Error('no answer')));
  await expect(failing).rejects.toThrow('no answer');
  expect(world.latest.get(key)).toEqual(world.current);
  world.writeForeign();
  world.showAll();
  expect(world.latest.get(key)).toEqual(world.current);
  expect(world.reported).toBe(1);
});

test('what was written to an object that is gone says nothing of its namesake', async () => {
  const world = new World();
  await world.write();
  await world.answer();
  world.store.replace('', []);
  expect(world.latest.get(key)).toBeUndefined();
  world.store.replace('', [state(0, 'second')]);
  expect(world.latest.get(key)?.metadata.uid).toBe('second');
});
