/**
 * Everything that the verifier checks, in the words of a heading. A check's number is its place here, from 1:
 * findings carry it, and docs/reference/findings.md lists the checks with what each can find.
 */
export const CHECKS = [
  'the chain starts at the pinned root',
  'each root is signed by the threshold of its predecessor and of itself',
  "a root's version is its predecessor's plus one, and the number in its name",
  'the listed roots have no gap',
  'thresholds count different key ids',
  'thresholds count different public keys',
  'key ids are the digest of their key',
  'thresholds are positive, and a role lists each key id once',
  'every file is of the type of its role',
  'every file follows major version 1 of the specification',
  'the timestamp names the snapshot by version, length and digests',
  'the snapshot names targets and every delegated role by version, length and digests',
  'the version in a file is the number in its name',
  'nothing is older than what was verified before',
  'every role the earlier snapshot listed is still listed, and not lowered',
  'a rotation of the timestamp or snapshot keys resets what was remembered',
  'root has not expired',
  'timestamp, snapshot, targets and delegated roles have not expired',
  'delegations of delegated roles are walked, without cycles and with an end',
  'a role is verified for each role that delegates to it',
  'role names are unique and not those of top-level roles',
  'a delegation routes artifacts in one way',
  'sizes and counts are capped before parsing',
  'files are strict, unambiguous JSON',
  "nothing lies above the chain's head",
  'role names stay apart as Redis keys',
] as const;
