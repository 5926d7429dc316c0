/**
 * A metadata version. A number, except beyond 2^53 − 1: such versions occur only in attacks, recovery refuses
 * them, and strict, which reads what the reference clients read, needs them exactly to name a file.
 */
export type Version = number | bigint;
