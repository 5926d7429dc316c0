import { createHash } from 'node:crypto';
import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import type { TrustAnchor } from '../../tuf/verify/verification.ts';

/**
 * Where a run works, in a canonical form: the Redis, the bucket and prefix, and the root it trusts. What is
 * approved there is not approved elsewhere. Secrets and limits are no part of it: rotating a password moves
 * nothing.
 */
export function targetIdentity({ redis, storage }: RecoveryTarget['spec'], anchor: TrustAnchor): string {
  const { address, sentinel, db, tls } = redis;
  const { endpoint, region, bucket, prefix } = storage;
  return JSON.stringify([
    [address ?? null, sentinel ? [sentinel.addresses, sentinel.master] : null, db, tls?.serverName ?? null],
    [endpoint ?? null, region, bucket, prefix],
    anchorName(anchor),
  ]);
}

function anchorName(anchor: TrustAnchor): string {
  switch (anchor.kind) {
    case 'sha256':
      return anchor.sha256;
    case 'root':
      return createHash('sha256').update(anchor.bytes).digest('hex');
    default:
      return anchor.kind;
  }
}
