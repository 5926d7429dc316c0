import type { BootstrapState } from '../../../api/bootstrapstate.generated.ts';
import { findCondition } from '../../../api/condition.ts';

/** By what apps can be sorted. */
export const sortKeys = ['name', 'health', 'expiry', 'checked'] as const;

/** One of {@link sortKeys}. */
export type SortKey = (typeof sortKeys)[number];

const ranks: Readonly<Record<string, number>> = { False: 0, Unknown: 1, True: 2 };

const keys: Readonly<Record<SortKey, (state: BootstrapState) => string>> = {
  // The API server lists by namespace and name.
  name: () => '',
  health: ({ status }) => String(ranks[findCondition(status.conditions, 'Healthy')?.status ?? 'Unknown']),
  // RFC 3339 in UTC: text order is time order.
  expiry: ({ status }) => status.freshUntilTime ?? '9',
  checked: ({ status }) => status.lastVerificationTime ?? '',
};

/** What needs a look first: lost apps, those that expire soonest, those that were not checked for longest. */
export function sortApps(states: readonly BootstrapState[], by: SortKey): readonly BootstrapState[] {
  const key = keys[by];
  return states.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))));
}
