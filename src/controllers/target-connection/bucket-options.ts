import type { RecoveryTargetSpec } from '../../api/recoverytarget.generated.ts';
import { addressOf } from '../../net/dial.ts';
import type { S3BucketOptions } from '../../storage/s3/s3-bucket.ts';
import type { S3Credentials } from '../../storage/s3/s3-options.ts';
import type { References } from './references.ts';
import { assertAmbientAllowed, assertReachable, targetResolver } from './target-rules.ts';

type StorageSpec = RecoveryTargetSpec['storage'];

/** How to reach the bucket of a target, with the secrets it refers to. */
export async function bucketOptions(spec: StorageSpec, references: References): Promise<S3BucketOptions> {
  const { endpoint, caSecretRef, requestsPerSecond } = spec;
  if (endpoint !== undefined) {
    const { host, port } = addressOf(new URL(endpoint));
    await assertReachable(host, port, references.rules);
  }
  return {
    bucket: spec.bucket,
    access: {
      credentials: await credentials(spec, references),
      region: spec.region,
      forcePathStyle: spec.forcePathStyle,
      // The name of the bucket may be a part of the host, and that of AWS' own hosts too.
      resolve: targetResolver(references.rules),
      ...(endpoint !== undefined && { endpoint }),
      ...(references.nameScope !== undefined && { nameScope: references.nameScope }),
      ...(caSecretRef !== undefined && { ca: await references.secret(caSecretRef.name, caSecretRef.key) }),
    },
    limits: {
      concurrency: spec.concurrency,
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    },
  };
}

async function credentials(
  { credentialsSecretRef: ref, endpoint }: StorageSpec,
  references: References,
): Promise<S3Credentials> {
  // The schema admits exactly one of a Secret and `ambient: true`.
  if (ref === undefined) {
    assertAmbientAllowed(references.namespace, endpoint, references.rules);
    return { kind: 'ambient' };
  }
  const sessionToken = await references.optionalSecret(ref.name, ref.sessionTokenKey);
  return {
    kind: 'static',
    accessKeyId: await references.secret(ref.name, ref.accessKeyIDKey),
    secretAccessKey: await references.secret(ref.name, ref.secretAccessKeyKey),
    ...(sessionToken !== undefined && { sessionToken }),
  };
}
