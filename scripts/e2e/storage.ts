import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Object } from '../../test/harness/s3.ts';
import { credentials } from './backends.ts';
import { names } from './names.ts';

/** Uploads at the same time. */
const width = 16;

/** Makes the bucket in the scenario's S3 store and puts objects into it. */
export async function fillBucket(endpoint: string, objects: readonly S3Object[]): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  try {
    await client.send(new CreateBucketCommand({ Bucket: names.bucket }));
    const left = [...objects];
    const worker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        await client.send(new PutObjectCommand({ Bucket: names.bucket, Key: next.key, Body: next.body }));
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
  } finally {
    client.destroy();
  }
}
