import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appLocation } from '../../src/cli/options/app-location.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const app = { adminName: 'alice', appName: 'tuf' };

describe('the repository of an app is found in', () => {
  test.each([
    ['s3://bucket', 'tuf_metadata/alice/tuf/'],
    ['s3://bucket/tuf_metadata/', 'tuf_metadata/alice/tuf/'],
    ['s3://bucket/copies/tuf_metadata', 'copies/tuf_metadata/alice/tuf/'],
    ['s3://bucket/tuf_metadata/alice/tuf', 'tuf_metadata/alice/tuf/'],
    ['s3://bucket/backups/2026', 'backups/2026/'],
    ['s3://bucket/not_tuf_metadata', 'not_tuf_metadata/'],
  ])('%s at %s', async (storage, prefix) => {
    expect(await appLocation(storage, 'other', app)).toEqual({ kind: 's3', bucket: 'bucket', prefix });
  });

  test('the bucket of the environment when none is named', async () => {
    expect(await appLocation(undefined, 'bucket', app)).toEqual({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'tuf_metadata/alice/tuf/',
    });
  });

  test('a copy of the bucket, of its tuf_metadata, or of the app alone', async () => {
    await using directory = await temporaryDirectory('location');
    const repository = join(directory.path, 'tuf_metadata/alice/tuf');
    await mkdir(repository, { recursive: true });
    for (const named of [directory.path, join(directory.path, 'tuf_metadata'), repository]) {
      const location = await appLocation(named, undefined, app);
      expect(location.kind === 'directory' && join(location.path, '.')).toBe(repository);
    }
  });

  test('nothing at all is a usage error', async () => {
    await expect(appLocation(undefined, undefined, app)).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});
