import { cardOf } from './card.ts';
import type { AppFacts } from './facts.ts';
import { type AppCard, type Filter, filters, type GridQuery, type GridView, type Sorting } from './model.ts';

/** Apps on one page: a screen or two on a desk, and little enough to send again when one of them changes. */
export const PAGE_SIZE = 60;

/** The page of the grid that is asked for. */
export function gridView(apps: readonly AppFacts[], query: GridQuery, now: Date): GridView {
  const cards = apps.map((facts) => cardOf(facts, now));
  const counts = Object.fromEntries(
    filters.map((filter) => [filter, cards.filter(isIn[filter]).length]),
  ) as Record<Filter, number>; // one entry for each filter, which fromEntries forgets
  const wanted = query.search.trim().toLowerCase();
  const found = cards
    .filter(isIn[query.filter])
    .filter(({ key }) => `${key.admin}/${key.app}`.toLowerCase().includes(wanted));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const page = Math.min(Math.max(1, query.page), pages);
  return {
    kind: 'grid',
    counts,
    matches: found.length,
    page,
    pages,
    cards: sorted(found, query.sort).slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
  };
}

const isIn: Readonly<Record<Filter, (card: AppCard) => boolean>> = {
  all: () => true,
  attention: ({ health, recoverable, expiry, activity }) =>
    [health, recoverable, expiry, activity].some((each) => each?.tone === 'bad' || each?.tone === 'warning'),
  lost: ({ health }) => health.tone === 'bad',
  unknown: ({ health }) => health.tone === 'warning' || health.tone === 'neutral',
  expiring: ({ expiry }) => expiry.tone === 'bad' || expiry.tone === 'warning',
  healthy: ({ health }) => health.tone === 'good',
};

/** The worst first; what is not known comes before what is fine. */
const severity = { bad: 0, warning: 1, info: 2, neutral: 3, good: 4 } as const;

const ranks: Readonly<Record<Sorting, (card: AppCard) => number>> = {
  health: ({ health, activity }) => (activity?.tone === 'warning' ? 0.5 : severity[health.tone]),
  recoverable: ({ recoverable: { tone, fraction = 0 } }) => severity[tone] + fraction / 2,
  // Bars of different roles compare badly, but the tone already tells soon from late.
  expiry: ({ expiry: { tone, fraction = 1 } }) => severity[tone] + fraction / 2,
  name: () => 0,
};

/**
 * The cards in their order. What they are compared by is made once for each, not once for each comparison.
 */
function sorted(cards: readonly AppCard[], sort: Sorting): readonly AppCard[] {
  return cards
    .map((card) => {
      const { admin, app, namespace, target } = card.key;
      return { card, rank: ranks[sort](card), name: [admin, app, namespace, target].join('\0') };
    })
    .toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : Number(a.name > b.name)))
    .map(({ card }) => card);
}
