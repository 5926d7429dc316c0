/**
 * Caps that are checked before a file is parsed, so that hostile metadata costs bounded memory and time
 * (spec 5.3.3, 5.4.1, 5.5.1, 5.6.1 leave the numbers to the client). All are far above what real repositories
 * reach and are the only place these numbers stand.
 */
export const LIMITS = {
  /** Bytes of one `N.root.json`; the reference clients allow the same. */
  rootBytes: 512_000,
  /** Bytes of `timestamp.json`. */
  timestampBytes: 65_536,
  /** Bytes of any other metadata file. */
  fileBytes: 64 * 1024 * 1024,
  /** Nested objects and arrays in one file. */
  depth: 32,
  /** JSON values in one file. */
  nodes: 5_000_000,
  /** Root versions in one repository (spec 5.3.3 suggests 2^10). */
  roots: 1024,
  /** Delegated roles in one repository, bins of succinct roles included. */
  roles: 65_536,
  /** Levels of delegations below `targets`. */
  delegationDepth: 8,
  /** Keys listed for one role. */
  keysPerRole: 64,
  /** Signatures on one file. */
  signatures: 64,
  /** Characters of one public key in the metadata. */
  keyCharacters: 8192,
  /** RSA modulus, bits. */
  rsaBits: { min: 2048, max: 8192 },
  /** Bytes of files that may be in flight or waiting for verification at once. */
  bytesInFlight: 64 * 1024 * 1024,
  /** Signed bytes of delegated roles that are kept, in case a role is delegated again deeper in the tree. */
  bytesRetained: 64 * 1024 * 1024,
  /** Versions above the chain's head that are read to say whether they verify. */
  orphanReads: 16,
} as const;
