import { useEffect, useRef } from 'preact/hooks';
import { AppPage } from './app-page.tsx';
import { Grid } from './grid.tsx';
import { type PageRoute, routeOf, routeToQuery, useFragment } from './route.ts';
import { type Stream, useStream } from './stream.ts';

/** The page: where one is, what is wrong with the connection, and the view. */
export function Page() {
  const route = routeOf(useFragment());
  const stream = useStream(routeToQuery(route));
  const title = route.view === 'grid' ? 'Apps' : `${route.key.admin}/${route.key.app}`;
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} – TUF recovery`;
    // A reader who follows a link with a keyboard or a screen reader continues at the top of the next view.
    if (!isFirst.current) {
      heading.current?.focus();
    }
    isFirst.current = false;
  }, [title]);
  return (
    <>
      <header>
        <button type="button" class="skip" onClick={() => heading.current?.focus()}>
          Skip to content
        </button>
        <a class="home" href="#view=grid">
          TUF recovery
        </a>
        <span class="quiet cut" title={stream.model?.scope}>
          {stream.model?.scope ?? ''}
        </span>
        <span class={`connection ${stream.state}`} role="status">
          {connectionText(stream)}
        </span>
      </header>
      <main>
        <h1 ref={heading} tabIndex={-1} class="cut" title={title}>
          {title}
        </h1>
        <Problems problems={stream.model?.problems ?? []} />
        <View route={route} stream={stream} />
      </main>
    </>
  );
}

function connectionText({ state }: Stream): string {
  switch (state) {
    case 'live':
      return 'live';
    case 'connecting':
      return 'connecting';
    case 'lost':
      return 'The dashboard does not answer: what is shown may be old.';
    case 'over':
      return 'The dashboard has ended. Start it again: kubectl tuf-recovery dashboard';
  }
}

function Problems({ problems }: { readonly problems: readonly string[] }) {
  return (
    <div role="status" class="problems">
      {problems.map((problem) => (
        <p key={problem}>{problem}</p>
      ))}
    </div>
  );
}

function View({ route, stream }: { readonly route: PageRoute; readonly stream: Stream }) {
  const view = stream.model?.view;
  if (route.view === 'grid' && view?.kind === 'grid') {
    return <Grid view={view} query={route.query} />;
  }
  if (route.view === 'app') {
    const key = view?.kind === 'app' ? view.card.key : view?.kind === 'missing' ? view.key : undefined;
    // After a step to another app, the last one's view is here until the first answer.
    const isAnswer = JSON.stringify(key) === JSON.stringify(route.key);
    if (isAnswer && view?.kind === 'app') {
      return <AppPage view={view} />;
    }
    if (isAnswer && view?.kind === 'missing') {
      return (
        <p>
          There is no such app here any more. <a href="#view=grid">All apps</a>
        </p>
      );
    }
  }
  return <p class="quiet">Loading …</p>;
}
