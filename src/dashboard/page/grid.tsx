import type { AppCard, Filter, GridQuery, GridView, Sorting } from '../view/model.ts';
import { BadgeText, GaugeText } from './badge.tsx';
import { appLink, gridLink } from './route.ts';

const filterNames: Readonly<Record<Filter, string>> = {
  all: 'All',
  attention: 'Needs attention',
  lost: 'Lost',
  unknown: 'Not known',
  expiring: 'Expiring',
  healthy: 'Healthy',
};

const sortingNames: Readonly<Record<Sorting, string>> = {
  health: 'Health',
  recoverable: 'Recoverability',
  expiry: 'Expiry',
  name: 'Name',
};

/** All apps. */
export function Grid({ view, query }: { readonly view: GridView; readonly query: GridQuery }) {
  return (
    <>
      <Tools view={view} query={query} />
      <p class="quiet" role="status">
        {view.matches === 1 ? '1 app' : `${view.matches} apps`}
        {view.pages > 1 ? `, page ${view.page} of ${view.pages}` : ''}
      </p>
      {view.matches === 0 ? <Empty view={view} /> : null}
      <ul class="grid">
        {view.cards.map((card) => (
          <Card key={appLink(card.key)} card={card} />
        ))}
      </ul>
      <Pages view={view} query={query} />
    </>
  );
}

function Tools({ view, query }: { readonly view: GridView; readonly query: GridQuery }) {
  const replace = (change: Partial<GridQuery>): void => location.replace(gridLink(query, change));
  return (
    <div class="tools">
      <nav aria-label="Filter" class="filters">
        {Object.entries(filterNames).map(([filter, name]) => (
          <a
            key={filter}
            href={gridLink(query, { filter: filter as Filter })} // Object.entries forgets the names of the keys
            aria-current={filter === query.filter ? 'true' : undefined}
          >
            {name} <span class="count">{view.counts[filter as Filter]}</span>
          </a>
        ))}
      </nav>
      <label>
        Search{' '}
        <input
          type="search"
          value={query.search}
          placeholder="ADMIN/APP"
          maxLength={300}
          onInput={({ currentTarget }) => replace({ search: currentTarget.value })}
        />
      </label>
      <label>
        Sort by{' '}
        <select
          value={query.sort}
          onChange={({ currentTarget }) => replace({ sort: currentTarget.value as Sorting })}
        >
          {Object.entries(sortingNames).map(([sort, name]) => (
            <option key={sort} value={sort}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Card({ card }: { readonly card: AppCard }) {
  const { key, health, recoverable, expiry, checked, activity } = card;
  const name = `${key.admin}/${key.app}`;
  return (
    <li>
      <a class={`card ${health.tone}`} href={appLink(key)}>
        <span class="name" title={name}>
          {name}
        </span>
        <span class="quiet cut" title={`${key.namespace} · ${key.target}`}>
          {key.namespace} · {key.target}
        </span>
        <BadgeText badge={health} />
        <span class="line">
          <span class="quiet">recoverable</span> <GaugeText gauge={recoverable} />
        </span>
        <GaugeText gauge={expiry} />
        {activity === undefined ? null : <GaugeText gauge={activity} />}
        <span class="quiet cut" title={checked}>
          {checked}
        </span>
      </a>
    </li>
  );
}

function Empty({ view }: { readonly view: GridView }) {
  return view.counts.all === 0 ? (
    <p>
      No app is known yet. Create a RecoveryPolicy, or start a run:{' '}
      <code>kubectl tuf-recovery run ADMIN/APP</code>
    </p>
  ) : (
    <p>No app is like that. Choose another filter, or search for less.</p>
  );
}

function Pages({ view, query }: { readonly view: GridView; readonly query: GridQuery }) {
  if (view.pages === 1) {
    return null;
  }
  return (
    <nav aria-label="Pages" class="pages">
      {view.page > 1 ? <a href={gridLink(query, { page: view.page - 1 })}>Previous page</a> : <span />}
      <span>
        {view.page} of {view.pages}
      </span>
      {view.page < view.pages ? <a href={gridLink(query, { page: view.page + 1 })}>Next page</a> : <span />}
    </nav>
  );
}
