import type { TopLevelRole } from '../tuf/metadata/root.ts';
import type { RootFacts } from '../tuf/verify/verification.ts';
import { type App, suffixOf } from './app.ts';
import { type LifetimeRules, lifetimeRules } from './lifetimes.ts';
import type { ValueKind } from './values.ts';

/** What the signed metadata can tell about a setting. */
export type Derivation =
  /** How long the role's files live; `server` is what the server does when the setting is missing. */
  | { readonly kind: 'lifetime'; readonly role: TopLevelRole; readonly server: LifetimeRules }
  | { readonly kind: 'delegatedLifetime'; readonly role: string; readonly server: LifetimeRules }
  /** A fact of 1.root.json: bootstrap wrote it and no rotation refreshes it. */
  | { readonly kind: 'rootFact'; readonly read: (root: RootFacts) => number }
  /** Nothing; `fallback` is what bootstrap always writes. */
  | { readonly kind: 'none'; readonly fallback: string };

/** One Redis key that bootstrap writes, that has no TTL, and that nothing but a recovery brings back. */
export interface Setting {
  readonly key: string;
  readonly kind: ValueKind;
  /** True when the server only shows it: nothing is signed with it. */
  readonly displayOnly: boolean;
  readonly derivation: Derivation;
}

type Row = Omit<Setting, 'key'> & { readonly name: string };

const lifetime = (role: TopLevelRole, displayOnly = false): Row => ({
  name: `${role.toUpperCase()}_EXPIRATION`,
  kind: 'days',
  displayOnly,
  derivation: { kind: 'lifetime', role, server: lifetimeRules[role] },
});

const rootFact = (name: string, read: (root: RootFacts) => number): Row => ({
  name,
  kind: 'count',
  displayOnly: true,
  derivation: { kind: 'rootFact', read },
});

/** Every setting of an app without delegations. A new setting of the server is a new row. */
const rows: readonly Row[] = [
  lifetime('root', true),
  lifetime('targets'),
  lifetime('snapshot'),
  lifetime('timestamp'),
  rootFact('ROOT_THRESHOLD', (root) => root.roles.root.threshold),
  rootFact('TARGETS_THRESHOLD', (root) => root.roles.targets.threshold),
  rootFact('SNAPSHOT_THRESHOLD', (root) => root.roles.snapshot.threshold),
  rootFact('TIMESTAMP_THRESHOLD', (root) => root.roles.timestamp.threshold),
  // Bootstrap counts the signatures it was given, not the keys: a 2-of-3 root signed twice holds 2.
  rootFact('ROOT_NUM_KEYS', (root) => root.signatures),
  rootFact('TARGETS_NUM_KEYS', (root) => root.roles.targets.keyids.length),
  rootFact('SNAPSHOT_NUM_KEYS', (root) => root.roles.snapshot.keyids.length),
  rootFact('TIMESTAMP_NUM_KEYS', (root) => root.roles.timestamp.keyids.length),
  {
    name: 'TARGETS_ONLINE_KEY',
    kind: 'flag',
    displayOnly: false,
    derivation: { kind: 'none', fallback: '1' },
  },
];

/**
 * The settings an app must have.
 *
 * @param delegatedNames names in targets.delegations, each once, in original case: the server keeps the case
 *   in the key
 */
export function settingsOf(app: App, delegatedNames: readonly string[]): readonly Setting[] {
  const suffix = suffixOf(app);
  const standard = rows.map(({ name, ...setting }) => ({ ...setting, key: `${name}_${suffix}` }));
  const delegated = delegatedNames.map(
    (role): Setting => ({
      key: `${role}_EXPIRATION_${suffix}`,
      kind: 'days',
      displayOnly: false,
      derivation: { kind: 'delegatedLifetime', role, server: lifetimeRules.delegated },
    }),
  );
  return [...standard, ...delegated];
}
