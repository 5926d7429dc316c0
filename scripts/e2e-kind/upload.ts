import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Object } from '../../test/harness/s3.ts';
import { bucket } from './manifests.ts';

/** Puts objects into the bucket of an S3 store. */
export async function upload(
  endpoint: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  objects: readonly S3Object[],
): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  try {
    for (const { key, body } of objects) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    }
  } finally {
    client.destroy();
  }
}
