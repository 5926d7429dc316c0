import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { asset } from './assets.ts';
import type { S3Credentials, S3Server } from './s3.ts';

const run = promisify(execFile);

/**
 * Creates a user who may list and read the objects under `prefix` of `bucket`, and nothing else.
 *
 * @param actions leave one out to see what its absence does, for example `['s3:GetObject']`: may read, not
 *   list
 */
export async function createReader(
  s3: S3Server,
  bucket: string,
  prefix: string,
  actions: readonly ('s3:ListBucket' | 's3:GetObject')[] = ['s3:ListBucket', 's3:GetObject'],
): Promise<S3Credentials> {
  const reader = {
    accessKeyId: `reader-${randomBytes(4).toString('hex')}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  await run(asset('versitygw'), [
    ...['admin', '--access', s3.credentials.accessKeyId, '--secret', s3.credentials.secretAccessKey],
    ...['--endpoint-url', s3.endpoint, '--region', s3.region],
    // The administration client has no option for a certificate authority.
    ...(s3.endpoint.startsWith('https:') ? ['--allow-insecure'] : []),
    ...['create-user', '--access', reader.accessKeyId, '--secret', reader.secretAccessKey, '--role', 'user'],
  ]);
  const statements = await policyStatements(s3, bucket);
  const principal = { AWS: [reader.accessKeyId] };
  if (actions.includes('s3:ListBucket')) {
    statements.push({
      Effect: 'Allow',
      Principal: principal,
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${bucket}`,
      Condition: { StringLike: { 's3:prefix': `${prefix}*` } },
    });
  }
  if (actions.includes('s3:GetObject')) {
    statements.push({
      Effect: 'Allow',
      Principal: principal,
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/${prefix}*`,
    });
  }
  await s3.client().send(
    new PutBucketPolicyCommand({
      Bucket: bucket,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    }),
  );
  return reader;
}

async function policyStatements(s3: S3Server, bucket: string): Promise<unknown[]> {
  try {
    const { Policy } = await s3.client().send(new GetBucketPolicyCommand({ Bucket: bucket }));
    const policy: unknown = JSON.parse(Policy ?? '{}');
    return typeof policy === 'object' &&
      policy !== null &&
      'Statement' in policy &&
      Array.isArray(policy.Statement)
      ? policy.Statement
      : [];
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchBucketPolicy') {
      return [];
    }
    throw error;
  }
}
