/**
 * Where a client keeps the metadata it trusts (spec 5): exact bytes, one file per role, without version.
 * Names are role names as they are; encoding them is the store's business.
 */
export interface TrustStore {
  /** The stored bytes, or undefined when the role was never trusted. */
  read(role: string): Promise<Uint8Array | undefined>;
  /** Replaces the stored bytes; either all of them are stored or none. */
  write(role: string, bytes: Uint8Array): Promise<void>;
  /** Forgets the role, if it is stored. */
  remove(role: string): Promise<void>;
}
