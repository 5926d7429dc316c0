import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AppListing } from '../../src/controllers/loss-detection/list-apps.ts';
import { discoverApps } from '../../src/controllers/recoverytarget/discover.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { startFaultProxy } from '../storage/fault-proxy.ts';

const BUCKET = 'updates';
const never = new AbortController().signal;

let s3: S3Server;
let bucket: S3Bucket;
let requests = 0;

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] });
  const { credentials, endpoint, region } = s3;
  bucket = await S3Bucket.open({
    bucket: BUCKET,
    access: { credentials: { kind: 'static', ...credentials }, endpoint, region, forcePathStyle: true },
    observer: () => {
      requests += 1;
    },
  });
});

afterAll(async () => {
  bucket?.destroy();
  await s3?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  requests = 0;
});

async function put(...apps: readonly string[]): Promise<void> {
  await s3.put(
    BUCKET,
    apps.map((app) => ({ key: `${app}/1.root.json`, body: '{}' })),
  );
}

const names = (apps: readonly { readonly adminName: string; readonly appName: string }[]): string[] =>
  apps.map(({ adminName, appName }) => `${adminName} ${appName}`).sort();

describe('the apps of a bucket, for policies and for the status of a target,', () => {
  const APPS = [
    ['alice/tuf', 'alice tuf'],
    ['team/alice/tuf', 'team/alice tuf'],
    ['team/beta', 'team beta'],
    ['corp/bob@example.com/tuf', 'corp/bob@example.com tuf'],
    ['a b/c%2Fd/tuf', 'a b/c%2Fd tuf'],
    ['1/2/3/4/5/6/7/8/tuf', '1/2/3/4/5/6/7/8 tuf'],
    // More parts than are looked for, and a name that no app has.
    ['1/2/3/4/5/6/7/8/9/tuf', undefined],
    ['alice/no_app', undefined],
  ] as const;
  const EXPECTED = APPS.flatMap(([, name]) => name ?? []).sort();

  test('are found where the names of admins hold slashes', async () => {
    await put(...APPS.map(([path]) => `many/${path}`));
    expect(names(await new AppListing().list(bucket, 'many', never))).toEqual(EXPECTED);
    const found = names(await discoverApps(bucket, 'many', never));
    expect(found.filter((name) => name !== 'alice no_app')).toEqual(EXPECTED);
  });

  test('cost a request for each admin, once they are known, and one for each that is new', async () => {
    await put('known/alice/one', 'known/alice/two', 'known/team/bob/three');
    const listing = new AppListing();
    await listing.list(bucket, 'known', never);
    requests = 0;
    expect(await listing.list(bucket, 'known', never)).toHaveLength(3);
    // The prefix; alice, team, team/bob.
    expect(requests).toBe(4);
    await put('known/alice/four');
    requests = 0;
    expect(await listing.list(bucket, 'known', never)).toHaveLength(4);
    expect(requests).toBe(5);
  });

  test('are looked for below the prefix only, also in a bucket that shows . and .. as folders', async () => {
    const { credentials, region, host, port } = s3;
    await using proxy = await startFaultProxy({ host, port });
    await using hostile = {
      bucket: await S3Bucket.open({
        bucket: BUCKET,
        access: {
          ...{ region, endpoint: proxy.endpoint, forcePathStyle: true },
          credentials: { kind: 'static', ...credentials },
        },
      }),
      async [Symbol.asyncDispose]() {
        this.bucket.destroy();
      },
    };
    const prefixOf = (url: string): string => new URL(url, proxy.endpoint).searchParams.get('prefix') ?? '';
    proxy.inject(({ url }) => {
      const folders = ['.', '..', 'deeper'].map((name) => `${prefixOf(url)}${name}/`);
      const shown = folders.map((path) => `<CommonPrefixes><Prefix>${path}</Prefix></CommonPrefixes>`);
      const body = `<ListBucketResult><IsTruncated>false</IsTruncated>${shown.join('')}</ListBucketResult>`;
      return { kind: 'answer', status: 200, type: 'application/xml', body };
    });
    await new AppListing().list(hostile.bucket, 'below', never);
    await discoverApps(hostile.bucket, 'below', never);
    const asked = proxy.seen.map(({ url }) => prefixOf(url));
    expect(asked).toContain('below/deeper/deeper/');
    expect(asked.filter((prefix) => /(^|\/)\.{1,2}\//.test(prefix))).toEqual([]);
  });
});
