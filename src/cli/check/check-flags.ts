import type { ClusterFlags } from '../kubectl/connection.ts';
import type { RedisFlags } from '../options/redis-options.ts';
import type { StorageFlags } from '../options/storage-options.ts';
import type { TrustFlags } from '../options/trust-options.ts';
import type { OutputFlags } from '../output/output.ts';

/** Flags of `check`. */
export interface CheckFlags extends ClusterFlags, OutputFlags, RedisFlags, StorageFlags, TrustFlags {
  readonly target?: string;
  readonly local?: true;
  readonly storage?: string;
}
