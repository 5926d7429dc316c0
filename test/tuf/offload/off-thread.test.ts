import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { TransientError } from '../../../src/errors.ts';
import { Listing } from '../../../src/storage/listing.ts';
import type { GetOptions } from '../../../src/storage/source.ts';
import type { Version } from '../../../src/tuf/metadata/version.ts';
import { verifyOffThread } from '../../../src/tuf/offload/off-thread.ts';
import { workerURL } from '../../../src/tuf/offload/worker-url.ts';
import type { Verification, VerifyOptions } from '../../../src/tuf/verify/verification.ts';
import { verify } from '../../../src/tuf/verify/verify.ts';
import { verifyListed } from '../../../src/tuf/verify/verify-listed.ts';
import { MemorySource } from '../generator/memory-source.ts';
import { fileOf, sha256 } from '../generator/mutations/mutation.ts';
import { REFERENCE_TIME, Repository } from '../generator/repository.ts';

const ROLES = 1200;

/** More objects than are verified on the caller's own thread. */
const repository = new Repository({
  roots: 2,
  rotate: ['root'],
  delegations: [
    ...Array.from({ length: ROLES }, (_, i) => ({ name: `role-${i}`, keys: ['online'] })),
    { name: 'parent', children: [{ name: 'child' }] },
  ],
});
const files = repository.seal();
files.set('9.role-7.json', Buffer.from('{}'));

const options: VerifyOptions = {
  anchor: { kind: 'sha256', sha256: sha256(fileOf(files, '1.root.json')) },
  now: REFERENCE_TIME,
  policy: { mode: 'recovery' },
};

/** Everything in a verification, Maps included. */
function textOf(verification: Verification<Version>): string {
  return JSON.stringify(verification, (_key, value) => (value instanceof Map ? [...value] : value));
}

describe('a large repository, verified in a worker thread', () => {
  test('has its worker beside the module that starts it', () => {
    const url = workerURL(new URL('../../../src/tuf/verify/verify.ts', import.meta.url).href);
    expect(url?.pathname).toMatch(/\/src\/tuf\/verify\/verify\.worker\.ts$/);
    expect(workerURL('file:///nowhere/main.mjs')).toBeUndefined();
  });

  test("gives the same result as on the caller's thread, byte for byte", async () => {
    const source = new MemorySource(files);
    const inWorker = await verify(source, options);
    const listing = await Listing.from(source.list());
    const inline = await verifyListed(source, listing, fileOf(files, 'timestamp.json'), options);
    expect(inWorker.verdict).toBe('trusted');
    expect(inWorker.trusted?.heads.delegated.size).toBe(ROLES + 2);
    expect(textOf(inWorker)).toBe(textOf(inline));
  });

  test('says what the listing shows about each file', async () => {
    const { trusted, listing } = await verify(new MemorySource(files), options);
    expect([...listing]).toContainEqual(trusted?.targets.object);
    expect([...listing]).toContainEqual(trusted?.delegated[5]?.object);
  });

  test('reports progress up to the last role', async () => {
    const totals: number[] = [];
    let last = 0;
    await verify(new MemorySource(files), {
      ...options,
      onProgress: (completed, total) => {
        last = completed;
        totals.push(total);
      },
    });
    expect(last).toBe(ROLES + 2);
    expect(totals.length).toBeGreaterThan(10);
  });

  test('refuses what is refused inline, with the same findings', async () => {
    const damaged = new Map(files);
    damaged.delete('1.role-3.json');
    const source = new MemorySource(damaged);
    const { verdict, trusted, findings } = await verify(source, options);
    expect(verdict).toBe('refused');
    expect(trusted).toBeUndefined();
    expect(findings[0]).toMatchObject({ code: 'RoleMissing', role: 'role-3', severity: 'deny' });
    damaged.delete('timestamp.json');
    expect((await verify(new MemorySource(damaged), options)).findings).toMatchObject([
      { code: 'TimestampMissing' },
    ]);
  });

  test('throws the very error of the source', async () => {
    const failure = new TransientError('Throttled', 'slow down');
    class Throttled extends MemorySource {
      override async get(name: string, getOptions: GetOptions): Promise<Uint8Array> {
        if (name === '1.role-600.json') {
          throw failure;
        }
        return super.get(name, getOptions);
      }
    }
    await expect(verify(new Throttled(files), options)).rejects.toBe(failure);
  });

  test("throws what is wrong with the caller's own input", async () => {
    const marks = { snapshot: { version: 0 }, snapshotBytes: Buffer.from('{') };
    await expect(verify(new MemorySource(files), { ...options, marks })).rejects.toMatchObject({
      name: 'TerminalError',
      code: 'InvalidInput',
    });
  });

  test('ends when it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('the deadline passed');
    const run = verify(new MemorySource(files), {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(run).rejects.toBe(reason);
  });

  test('lets its thread end on its own, whether the result was wanted or not', async () => {
    const codes: Promise<number>[] = [];
    const watch = (worker: Worker): void => {
      codes.push(new Promise((resolve) => worker.once('exit', resolve)));
    };
    process.on('worker', watch);
    try {
      await verify(new MemorySource(files), options);
      for (const after of [0, 100, 600, ROLES]) {
        const controller = new AbortController();
        const run = verify(new MemorySource(files), {
          ...options,
          signal: controller.signal,
          onProgress: (completed) => {
            if (completed >= after) {
              controller.abort();
            }
          },
        });
        await expect(run).rejects.toMatchObject({ name: 'AbortError' });
      }
    } finally {
      process.off('worker', watch);
    }
    // A thread that is terminated exits with 1.
    expect(await Promise.all(codes)).toEqual([0, 0, 0, 0, 0]);
  });

  test('reaches the end of its memory as a finding, and the process lives on', async () => {
    const source = new MemorySource(files);
    const listing = await Listing.from(source.list());
    const worker = new URL('./fixtures/exhausting.worker.ts', import.meta.url);
    const timestamp = fileOf(files, 'timestamp.json');
    const { verdict, trusted, findings } = await verifyOffThread(worker, source, listing, timestamp, options);
    expect({ verdict, trusted }).toEqual({ verdict: 'refused', trusted: undefined });
    expect(findings).toMatchObject([{ code: 'LimitExceeded', role: 'targets', severity: 'wall' }]);
    expect(findings[0]?.detail).toContain('takes more than 224 MiB of objects');
  });

  test('leaves the event loop of the caller turning meanwhile', async () => {
    let turns = 0;
    const counter = setInterval(() => turns++, 1);
    try {
      await verify(new MemorySource(files), options);
    } finally {
      clearInterval(counter);
    }
    // Verified inline without yielding, the loop would turn only before and after.
    expect(turns).toBeGreaterThan(10);
  });
});
