import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { createAuthority } from './certificates.ts';
import { startS3 } from './s3.ts';
import { createReader } from './s3-reader.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const WRITTEN = new Date('2026-01-02T03:04:05Z');

describe('S3', () => {
  test('reports the LastModified that an object was put with, also after a restart', async () => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await s3.put('updates', [{ key: 'a/timestamp.json', body: '{}', lastModified: WRITTEN }]);
    await s3.process.kill();
    await s3.restart();
    const head = await s3
      .client()
      .send(new HeadObjectCommand({ Bucket: 'updates', Key: 'a/timestamp.json' }));
    expect(head.LastModified).toEqual(WRITTEN);
  });

  test('says of what is put without a time that it is of now, whatever now is', async () => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await s3.put('updates', [{ key: 'a', body: '{}' }]);
    const head = await s3.client().send(new HeadObjectCommand({ Bucket: 'updates', Key: 'a' }));
    const days = ((head.LastModified?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(Math.round(days) + 0).toBe(0);
  });

  test('takes a directory with its times, and role names that no file name can hold', async () => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await using directory = await temporaryDirectory('objects');
    await mkdir(join(directory.path, 'deep'));
    for (const name of ['1.a%3Fb.json', 'deep/1.root.json']) {
      await writeFile(join(directory.path, name), name);
      await utimes(join(directory.path, name), WRITTEN, WRITTEN);
    }
    await s3.putDirectory('updates', 'a/', directory.path);
    const listing = await s3.client().send(new ListObjectsV2Command({ Bucket: 'updates' }));
    expect(listing.Contents?.map(({ Key, LastModified }) => [Key, LastModified])).toEqual([
      ['a/1.a?b.json', WRITTEN],
      ['a/deep/1.root.json', WRITTEN],
    ]);
  });

  test('has copies of what was put, each an object of its own', async () => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await s3.put('updates', [
      { key: 'a/x', body: 'first', lastModified: WRITTEN },
      { key: 'a/deep/y', body: 'second' },
    ]);
    await s3.putCopies('updates', 'a/', ['b/', 'c/']);
    await s3.put('updates', [{ key: 'a/x', body: 'third' }]);
    const listing = await s3.client().send(new ListObjectsV2Command({ Bucket: 'updates' }));
    const names = ['a', 'b', 'c'].flatMap((prefix) => [`${prefix}/deep/y`, `${prefix}/x`]);
    expect(listing.Contents?.map(({ Key }) => Key)).toEqual(names);
    const copy = await s3.client().send(new GetObjectCommand({ Bucket: 'updates', Key: 'c/x' }));
    expect(await copy.Body?.transformToString()).toBe('first');
    expect(copy.LastModified).toEqual(WRITTEN);
    expect(copy.ETag).toBe(listing.Contents?.find(({ Key }) => Key === 'b/x')?.ETag);
  });

  test('keeps a reader to its prefix and to what it may do', async () => {
    await using s3 = await startS3({ buckets: ['updates'] });
    await s3.put('updates', [
      { key: 'a/x', body: 'mine' },
      { key: 'b/x', body: 'theirs' },
    ]);
    const reader = s3.client({ credentials: await createReader(s3, 'updates', 'a/') });
    const listing = await reader.send(new ListObjectsV2Command({ Bucket: 'updates', Prefix: 'a/' }));
    expect(listing.KeyCount).toBe(1);
    const get = (client: typeof reader, key: string): Promise<string | undefined> =>
      client
        .send(new GetObjectCommand({ Bucket: 'updates', Key: key }))
        .then(({ Body }) => Body?.transformToString());
    expect(await get(reader, 'a/x')).toBe('mine');
    await expect(get(reader, 'b/x')).rejects.toMatchObject({ name: 'AccessDenied' });

    const blind = s3.client({ credentials: await createReader(s3, 'updates', 'a/', ['s3:GetObject']) });
    expect(await get(blind, 'a/x')).toBe('mine');
    const refused = blind.send(new ListObjectsV2Command({ Bucket: 'updates', Prefix: 'a/' }));
    await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('serves TLS with a certificate of our own authority', async () => {
    await using authority = await createAuthority();
    await using s3 = await startS3({ tls: { authority }, buckets: ['updates'] });
    expect(s3.endpoint).toMatch(/^https:/);
    await createReader(s3, 'updates', 'a/');
    expect((await s3.client().send(new ListObjectsV2Command({ Bucket: 'updates' }))).KeyCount).toBe(0);
  });
});
