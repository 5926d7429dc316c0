import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { GOLDEN_APPS, goldenApp } from './golden.ts';
import { startRedis } from './redis.ts';
import { startS3 } from './s3.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('recorded apps', () => {
  test.each(GOLDEN_APPS)('%s goes into a directory, S3 and Redis as it was recorded', async (name) => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await using redis = await startRedis();
    await using directory = await temporaryDirectory('golden');
    const app = await goldenApp(name);
    const recorded = new Map(app.objects.map((object) => [object.name, object.lastModified]));

    const repository = join(directory.path, 'repository');
    await app.writeTo(repository);
    const files = await Promise.all(
      (await readdir(repository)).map(
        async (file) => [file, (await stat(join(repository, file))).mtime] as const,
      ),
    );
    expect(new Map(files)).toEqual(recorded);

    await app.putInto(s3, 'updates');
    const listing = await s3
      .client()
      .send(new ListObjectsV2Command({ Bucket: 'updates', Prefix: app.prefix }));
    const listed = listing.Contents?.map(
      ({ Key, LastModified }) => [Key?.slice(app.prefix.length), LastModified] as const,
    );
    expect(new Map(listed)).toEqual(recorded);

    const client = await redis.client();
    await app.restoreTo(client);
    expect(await app.differences(client)).toEqual([]);
  });

  test('show every kind of difference from the recording', async () => {
    await using redis = await startRedis();
    const client = await redis.client();
    const app = await goldenApp('deleg');
    await app.restoreTo(client);
    await client.del('ROOT_THRESHOLD_admin_deleg');
    await client.set('ROOT_EXPIRATION_admin_deleg', '1', 'EX', 100);
    await client.set('NEW_admin_deleg', '1');
    await client.set('ROOT_EXPIRATION_admin_other', '1');
    expect(await app.differences(client, 'new-task')).toEqual([
      expect.stringMatching(/^BOOTSTRAP_admin_deleg: expected "new-task", found /),
      'NEW_admin_deleg: expected no such key',
      'ROOT_EXPIRATION_admin_deleg: expected "364", found "1"',
      expect.stringMatching(/^ROOT_EXPIRATION_admin_deleg: expected no time to live, found /),
      expect.stringMatching(/^ROOT_THRESHOLD_admin_deleg: expected the string ".*", found none$/),
    ]);
  });
});
