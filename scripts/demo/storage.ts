import { randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type S3Credentials, type S3Object, startS3 } from '../../test/harness/s3.ts';

/** The bucket of the demo, and how the controller reaches it. */
export interface Storage extends AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: S3Credentials;
  /** Whether objects get the LastModified they are put with; elsewhere it is the time of the upload. */
  readonly keepsTimes: boolean;
  put(objects: readonly S3Object[]): Promise<void>;
}

/** An S3 server of the demo's own. */
export async function ownStorage(): Promise<Storage> {
  const bucket = 'updates';
  const server = await startS3({ buckets: [bucket] });
  const { endpoint, region, credentials } = server;
  return {
    ...{ endpoint, region, credentials, bucket },
    keepsTimes: true,
    put: (objects) => server.put(bucket, objects),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** A bucket of the demo's own on the S3 server of S3_ENDPOINT; it is taken away afterwards. */
export async function userStorage(endpoint: string, env: NodeJS.ProcessEnv): Promise<Storage> {
  const { S3_ACCESS_KEY: accessKeyId, S3_SECRET_KEY: secretAccessKey, S3_REGION: region = 'us-east-1' } = env;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('S3_ENDPOINT is set. Set S3_ACCESS_KEY and S3_SECRET_KEY too, or none of them.');
  }
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const bucket = `tuf-recovery-demo-${randomBytes(4).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const keys: string[] = [];
  return {
    ...{ endpoint, region, credentials, bucket },
    keepsTimes: false,
    put: async (objects) => {
      for (const { key, body } of objects) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
        keys.push(key);
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const key of keys) {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      }
      await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      client.destroy();
    },
  };
}
