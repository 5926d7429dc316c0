import { createHash } from 'node:crypto';

/** A share of all targets: everything that belongs to one target is in the same share. */
export interface Shard {
  /** From 0 to `count` − 1. */
  readonly index: number;
  readonly count: number;
}

/** Whether a target is in a share, by a digest of its name: the same answer in every controller. */
export function isInShard(
  { index, count }: Shard,
  namespace: string | undefined,
  targetName: string,
): boolean {
  const digest = createHash('sha256')
    .update(`${namespace ?? 'default'}/${targetName}`)
    .digest();
  return digest.readUInt32BE() % count === index;
}
