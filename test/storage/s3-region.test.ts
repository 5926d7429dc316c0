import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { listAll } from '../harness/list-all.ts';

test('a region that is no part of a host name is what requests are signed for', async () => {
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    scopes.push(/Credential=[^/]+\/\d{8}\/([^,]+),/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const object =
      '<Key>app/1.root.json</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>3</Size>';
    const isListing = request.url?.includes('list-type=2') === true;
    response.end(isListing ? `<ListBucketResult><Contents>${object}</Contents></ListBucketResult>` : 'one');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  const bucket = await S3Bucket.open({
    bucket: 'tenant:metadata',
    access: {
      ...{ endpoint: `HTTP://127.0.0.1:${port}/storage/v1/s3`, region: 'region_one', forcePathStyle: true },
      credentials: { kind: 'static', accessKeyId: 'a', secretAccessKey: 'b' },
    },
  });
  const source = bucket.source('app/');
  expect((await listAll(source)).map(({ name }) => name)).toEqual(['1.root.json']);
  // The second time past the SDK's middleware, where the bucket allows it.
  for (const name of ['1.root.json', '1.root.json']) {
    expect(Buffer.from(await source.get(name, { maxBytes: 10 })).toString()).toBe('one');
  }
  expect(scopes).toEqual(Array.from({ length: 3 }, () => 'region_one/s3/aws4_request'));
  bucket.destroy();
  server.close();
  server.closeAllConnections();
});
