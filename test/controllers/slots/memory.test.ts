import { describe, expect, test } from 'vitest';
import { memoryBoundSource, memoryForRuns, memoryOf } from '../../../src/controllers/slots/memory.ts';
import { type Slot, SlotPool, type SlotRequest } from '../../../src/controllers/slots/slot-pool.ts';
import { DirectorySource } from '../../../src/storage/directory.ts';
import { listAll } from '../../harness/list-all.ts';

const MiB = 2 ** 20;
const listing = (files: number) =>
  Array.from({ length: files }, (_, index) => ({
    name: `${index}.json`,
    size: 2_180,
    lastModified: new Date(0),
  }));

function acquire(pool: SlotPool, work: SlotRequest): Promise<Slot> {
  return new Promise((resolve) => pool.enter(work, resolve));
}

describe('memory of a run', () => {
  test('grows with what is listed; two apps of 16,384 roles do not fit the default limit at once, one does', () => {
    const bytes = memoryForRuns(512 * MiB);
    expect(memoryOf(listing(8))).toBeLessThan(8 * MiB);
    expect(memoryOf(listing(16_384))).toBeLessThan(bytes);
    expect(2 * memoryOf(listing(16_384))).toBeGreaterThan(bytes);
  });

  test('is waited for after the listing, with nothing held', async () => {
    const pool = new SlotPool({ slots: 2, bytes: 100 * MiB });
    const work = { namespace: 'n', target: 'default', kind: 'run', bytes: 60 * MiB } as const;
    const { signal } = new AbortController();
    const other = await acquire(pool, work);
    const slot = await acquire(pool, { ...work, namespace: 'm', bytes: 1 });
    const source = new DirectorySource('/nowhere');
    source.list = async function* () {
      yield listing(16_384);
    };
    let listed = false;
    const reading = listAll(memoryBoundSource(source, slot, signal)).then(() => {
      listed = true;
    });
    await new Promise(setImmediate);
    expect([listed, pool.taken]).toEqual([false, 1]);
    other.release();
    await reading;
    expect([listed, pool.taken]).toEqual([true, 1]);
  });

  test('is counted while it is listed, because a listing need not end', async () => {
    const pool = new SlotPool({ slots: 2, bytes: 100 * MiB });
    const { signal } = new AbortController();
    const work = { namespace: 'n', target: 'default', kind: 'run', bytes: 1 } as const;
    await acquire(pool, { ...work, bytes: 70 * MiB });
    const slot = await acquire(pool, { ...work, namespace: 'm' });
    const source = new DirectorySource('/nowhere');
    source.list = async function* () {
      for (;;) {
        yield listing(1_000);
      }
    };
    const stop = new AbortController();
    let pages = 0;
    const listed = (async () => {
      for await (const _ of memoryBoundSource(source, slot, signal).list(stop.signal)) {
        pages += 1;
      }
    })();
    await new Promise(setImmediate);
    expect([pages < 10, pool.taken, pool.waiting]).toEqual([true, 1, 1]);
    stop.abort(new Error('given up'));
    await expect(listed).rejects.toThrow('given up');
  });

  test('is asked for while the listing comes in, so that no long one is held before', async () => {
    const pool = new SlotPool({ slots: 2, bytes: 100 * MiB });
    const work = { namespace: 'n', target: 'default', kind: 'run', bytes: 60 * MiB } as const;
    const { signal } = new AbortController();
    const other = await acquire(pool, work);
    const slot = await acquire(pool, { ...work, namespace: 'm', bytes: 1 });
    let pages = 0;
    const source = new DirectorySource('/nowhere');
    source.list = async function* () {
      for (; pages < 100; pages++) {
        yield listing(1_000);
      }
    };
    const reading = listAll(memoryBoundSource(source, slot, signal));
    await new Promise(setImmediate);
    expect(pages).toBeLessThan(10);
    other.release();
    expect(await reading).toHaveLength(100_000);
  });

  test('two runs with a file of 35 MB do not fit the default limit at once', () => {
    const large = [{ name: '1.stable.json', size: 35_000_000 }];
    expect(2 * memoryOf(large)).toBeGreaterThan(memoryForRuns(512 * MiB));
  });
});
