/**
 * A metadata version. A number, except beyond 2^53 − 1: such versions occur only in attacks, recovery refuses
 * them, and strict, which reads what the reference clients read, needs them exactly to name a file.
 */
export type Version = number | bigint;

/** The version after this one: a number as long as numbers hold it exactly. */
export function nextVersion(version: Version): Version {
  const next = BigInt(version) + 1n;
  return next <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(next) : next;
}
