import type { OutputFlags } from '../output/output.ts';
import type { StorageFlags } from './storage-options.ts';
import type { TrustFlags } from './trust-options.ts';

/** The flags of `verify`. */
export type VerifyFlags = OutputFlags & StorageFlags & TrustFlags;
