import type { AppView, ChainLink, SettingsView } from '../view/model.ts';
import { Approvals } from './approvals.tsx';
import { BadgeText, GaugeText } from './badge.tsx';
import { Timeline } from './timeline.tsx';

/** One app: the chain, the settings, what it needs, and its last runs. */
export function AppPage({ view }: { readonly view: AppView }) {
  const { card, needs, messages } = view;
  return (
    <>
      <div class="facts">
        <BadgeText badge={card.health} />
        <span class="line">
          <span class="quiet">recoverable</span> <GaugeText gauge={card.recoverable} />
        </span>
        <GaugeText gauge={card.expiry} />
        {card.activity === undefined ? null : <GaugeText gauge={card.activity} />}
        <span class="quiet">
          namespace {card.key.namespace}, target {card.key.target}, {card.checked}
        </span>
      </div>
      <Sentences title="Needs you" sentences={needs} />
      <Sentences title="State" sentences={messages} />
      <Approvals approvals={view.approvals} />
      <div class="columns">
        <Chain links={view.chain} omitted={view.omittedRoles} />
        <Settings settings={view.settings} />
      </div>
      <Timeline runs={view.runs} omitted={view.omittedRuns} />
    </>
  );
}

function Sentences({ title, sentences }: { readonly title: string; readonly sentences: readonly string[] }) {
  if (sentences.length === 0) {
    return null;
  }
  return (
    <section class="note">
      <h2>{title}</h2>
      <ul>
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

function Chain({ links, omitted }: { readonly links: readonly ChainLink[]; readonly omitted: number }) {
  return (
    <section class="panel" aria-labelledby="chain">
      <h2 id="chain">Chain of trust</h2>
      {links.length === 0 ? <p>No metadata of this app has been verified yet.</p> : null}
      <ol class="chain">
        {links.map(({ role, delegated, version, expiry, expires }) => (
          <li key={role} class={delegated ? 'delegated' : ''}>
            <span class="role">
              <span class="cut" title={role}>
                {role}
              </span>{' '}
              <span class="quiet">version {version}</span>
            </span>
            <GaugeText gauge={expiry} />
            {expires === undefined ? null : <time dateTime={expires}>{expires}</time>}
          </li>
        ))}
      </ol>
      {omitted === 0 ? null : <p class="quiet">… and {omitted} more roles</p>}
    </section>
  );
}

function Settings({ settings }: { readonly settings: SettingsView | undefined }) {
  return (
    <section class="panel" aria-labelledby="settings">
      <h2 id="settings">Settings in Redis</h2>
      {settings === undefined ? (
        <p>No run has compared the settings of this app yet.</p>
      ) : (
        <>
          <p class="quiet">{settings.origin}</p>
          <ul class="settings">
            {settings.rows.map(({ key, state, value, source, confidence }) => (
              <li key={key}>
                <BadgeText badge={state} />
                <code class="cut" title={key}>
                  {key}
                </code>
                <code class="value cut" title={value}>
                  {value === '' ? '""' : (value ?? '')}
                </code>
                <span class="quiet cut" title={`${source}, ${confidence}`}>
                  {source}, {confidence}
                </span>
              </li>
            ))}
          </ul>
          {settings.omitted === 0 ? null : <p class="quiet">… and {settings.omitted} more settings</p>}
        </>
      )}
    </section>
  );
}
