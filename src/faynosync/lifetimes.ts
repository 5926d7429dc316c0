/** What the server does with the lifetime of one kind of role. Days. */
export interface LifetimeRules {
  /** What it signs with while the setting is missing; the first is the one a recovery falls back to. */
  readonly defaults: readonly [number, ...number[]];
  /** The most that its API accepts since version 1.5.17; earlier versions had no bound. */
  readonly maxDays: number;
  /**
   * What bootstrap always writes; undefined where the administrator chooses. No API changes it afterwards.
   */
  readonly fixedAtBootstrap?: number;
}

/**
 * The server's defaults and bounds, read in faynoSync 2.1.0 (commit 64e76c3) and seen on the running server.
 *
 * Defaults, `server/tuf/`: targets `artifacts/add.go:142`, `delete.go:123`,
 * `metadata/metadata_online.go:359,411`; snapshot `add.go:526`, `metadata_online.go:518,623`; timestamp
 * `add.go:619`, `metadata_online.go:594`; delegated roles 90 at publish and delete (`add.go:371`,
 * `delete.go:282`), 365 in metadata/online (`metadata_online.go:420`).
 * Bounds: `utils/utils.go:37-70`. Delegated roles at bootstrap: `metadata/metadata.go:193,215`.
 */
export const lifetimeRules = {
  root: { defaults: [365], maxDays: 365 },
  targets: { defaults: [365], maxDays: 180 },
  snapshot: { defaults: [7], maxDays: 30 },
  timestamp: { defaults: [1], maxDays: 7 },
  delegated: { defaults: [90, 365], maxDays: 180, fixedAtBootstrap: 90 },
} as const satisfies Readonly<Record<string, LifetimeRules>>;

/**
 * The first version of the server that signs without fractions of a second in `expires` (1.6.4) has the
 * bounds, too.
 */
export function wasSignedWithBounds(expires: Date): boolean {
  return expires.getUTCMilliseconds() === 0;
}
