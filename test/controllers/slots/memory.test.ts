import { describe, expect, test } from 'vitest';
import { memoryBoundSource, memoryForRuns, memoryOf } from '../../../src/controllers/slots/memory.ts';
import { SlotPool } from '../../../src/controllers/slots/slot-pool.ts';
import { DirectorySource } from '../../../src/storage/directory.ts';
import { listAll } from '../../harness/list-all.ts';

const MiB = 2 ** 20;
const listing = (files: number) =>
  Array.from({ length: files }, (_, index) => ({
    name: `${index}.json`,
    size: 2_180,
    lastModified: new Date(0),
  }));

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
    const other = await pool.acquire(work, signal);
    const slot = await pool.acquire({ ...work, namespace: 'm', bytes: 1 }, signal);
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
});
