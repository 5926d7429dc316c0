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
  /**
   * Bytes of a file that no listing showed, as on a mirror, and whose length nothing names; as the reference
   * clients.
   */
  unlistedBytes: 5_000_000,
  /** Nested objects and arrays in one file. */
  depth: 32,
  /**
   * JSON values in one file: at most one for so many bytes beyond the first few thousand, and never more than
   * `most`.
   */
  nodes: { free: 4096, bytesPerNode: 4, most: 3_000_000 },
  /**
   * JSON values, and bytes, of one field that is parsed into objects (`meta`, `delegations`, `roles`,
   * `keys`).
   */
  parsedField: { nodes: 1_500_000, bytes: 32 * 1024 * 1024 },
  /**
   * The same, of a field that is one string or one number (`_type`, `spec_version`, `version`, `expires`):
   * anyone can write it, and it is read before a signature is checked.
   */
  plainField: { nodes: 4096, bytes: 4096 },
  /** The same, of the `delegations` of all delegated roles together: they are kept until the verdict. */
  nestedDelegations: { nodes: 1_000_000, bytes: 32 * 1024 * 1024 },
  /** Root versions in one repository (spec 5.3.3 suggests 2^10). */
  roots: 1024,
  /** Bytes of all listed roots together; a thousand roots of ten keys each are a third of it. */
  allRootsBytes: 32 * 1024 * 1024,
  /** Delegated roles in one repository, bins of succinct roles included. */
  roles: 65_536,
  /** Levels of delegations below `targets`. */
  delegationDepth: 8,
  /** Keys listed for one role. */
  keysPerRole: 64,
  /** Keys listed in one file: each delegated role may have its own. */
  keys: 65_536,
  /** Bytes of a targets file whose artifacts are looked through for what the server reads differently. */
  lintedBytes: 1024 * 1024,
  /** Signatures on one file. */
  signatures: 64,
  /** Bytes of `signatures` in one file. */
  signaturesBytes: 1024 * 1024,
  /** Characters of a key id; a sha256 has 64. */
  keyidCharacters: 256,
  /** Characters of one signature in hex; the largest of a standardised scheme (SLH-DSA-256f) has 99,712. */
  signatureCharacters: 131_072,
  /** Characters of a role name: it is part of an object's name, of which S3 admits 1,024 bytes. */
  roleNameCharacters: 256,
  /** Path patterns and hash prefixes of one file, and characters of each. */
  paths: 500_000,
  pathCharacters: 4096,
  /** Digests of one link, and characters of each. */
  digests: 8,
  digestCharacters: 256,
  /** Characters of one public key in the metadata. */
  keyCharacters: 8192,
  /** RSA modulus, bits. */
  rsaBits: { min: 2048, max: 8192 },
  /** Bytes of files that may be in flight or waiting for verification at once. */
  bytesInFlight: 32 * 1024 * 1024,
  /** Signed bytes of delegated roles that are kept, in case a role is delegated again deeper in the tree. */
  bytesRetained: 16 * 1024 * 1024,
  /** Versions above the chain's head that are read to say whether they verify. */
  orphanReads: 16,
  /** Bytes of such a version: a larger one is reported unread. */
  orphanBytes: 1024 * 1024,
} as const;
