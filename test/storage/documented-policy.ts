import { readFile } from 'node:fs/promises';
import { PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import type { S3Credentials, S3Server } from '../harness/s3.ts';
import { createReader } from '../harness/s3-reader.ts';

const PAGE = new URL('../../docs/reference/s3-policy.md', import.meta.url);

/**
 * Creates a user who may do exactly what the reference page's policy allows. As the policy of a bucket it
 * must also say who is meant; nothing else is added.
 */
export async function userUnderDocumentedPolicy(s3: S3Server, bucket: string): Promise<S3Credentials> {
  // The policy put below replaces the one that comes with the user.
  const user = await createReader(s3, bucket, 'replaced/');
  const json = /```json\n(.*?)```/s.exec(await readFile(PAGE, 'utf8'))?.[1];
  if (json === undefined) {
    throw new Error('The page holds no JSON policy.');
  }
  // The page is ours; a policy of another shape fails when it is put.
  const policy = JSON.parse(json.replaceAll('BUCKET', bucket)) as { Statement: object[] };
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Principal: { AWS: [user.accessKeyId] },
  }));
  const document = JSON.stringify({ ...policy, Statement });
  await s3.client().send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: document }));
  return user;
}
