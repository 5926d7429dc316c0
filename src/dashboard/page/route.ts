import { useEffect, useState } from 'preact/hooks';
import type { AppKey, Filter, GridQuery, Sorting } from '../view/model.ts';

/**
 * What the page shows stands in the fragment of its URL, in the form in which the server is asked for it. So
 * links, bookmarks, the back button and a reload lead to what was seen.
 */
export type PageRoute =
  | { readonly view: 'grid'; readonly query: GridQuery }
  | { readonly view: 'app'; readonly key: AppKey };

const names = ['namespace', 'target', 'admin', 'app'] as const;

/**
 * What a fragment asks for; the grid when it can't be read. The server holds it against its own rules again.
 */
export function routeOf(fragment: string): PageRoute {
  const query = new URLSearchParams(fragment.replace(/^#/, ''));
  const text = (name: string): string => query.get(name) ?? '';
  if (text('view') === 'app' && names.every((name) => text(name) !== '')) {
    const [namespace, target, admin, app] = names.map(text) as [string, string, string, string]; // as many as names
    return { view: 'app', key: { namespace, target, admin, app } };
  }
  return {
    view: 'grid',
    query: {
      filter: (text('filter') || 'all') as Filter,
      sort: (text('sort') || 'health') as Sorting,
      search: text('search'),
      page: Math.max(1, Math.trunc(Number(text('page'))) || 1),
    },
  };
}

/** The query of a route: for the server, and behind `#` for a link. */
export function routeToQuery(route: PageRoute): string {
  const parts =
    route.view === 'app' ? { view: 'app', ...route.key } : { view: 'grid', ...withoutDefaults(route.query) };
  return new URLSearchParams(parts).toString();
}

/** The address of the grid, changed from how it is now. */
export function gridLink(query: GridQuery, change: Partial<GridQuery> = {}): string {
  return `#${routeToQuery({ view: 'grid', query: { ...query, page: 1, ...change } })}`;
}

/** The address of an app. */
export function appLink(key: AppKey): string {
  return `#${routeToQuery({ view: 'app', key })}`;
}

function withoutDefaults({ filter, sort, search, page }: GridQuery): Record<string, string> {
  return {
    ...(filter !== 'all' && { filter }),
    ...(sort !== 'health' && { sort }),
    ...(search !== '' && { search }),
    ...(page > 1 && { page: String(page) }),
  };
}

/** The fragment of the URL, as it changes. */
export function useFragment(): string {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setFragment(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return fragment;
}
