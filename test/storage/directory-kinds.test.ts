import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DirectorySource } from '../../src/storage/directory.ts';
import { listAll } from '../harness/list-all.ts';

test('a FIFO, a directory and a link to nothing are neither listed nor waited for', async () => {
  const base = mkdtempSync(join(tmpdir(), 'directory-kinds-'));
  try {
    execFileSync('mkfifo', [join(base, '1.root.json')]);
    execFileSync('mkdir', [join(base, '1.targets.json')]);
    symlinkSync('nothing', join(base, '1.snapshot.json'));
    symlinkSync('loop', join(base, 'loop'));
    writeFileSync(join(base, 'timestamp.json'), 'x');
    const source = new DirectorySource(base);
    expect((await listAll(source)).map(({ name }) => name)).toEqual(['timestamp.json']);
    for (const name of ['1.root.json', '1.targets.json']) {
      await expect(source.get(name, { maxBytes: 10 })).rejects.toMatchObject({ code: 'NotFound' });
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
});
