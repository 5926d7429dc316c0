import { useEffect, useState } from 'preact/hooks';
import type { PageModel } from '../view/model.ts';

/** What is known from the server. */
export interface Stream {
  /** The newest model; undefined before the first. */
  readonly model: PageModel | undefined;
  /** `lost`: the browser tries again. `over`: the server refuses, or is another one now. */
  readonly state: 'connecting' | 'live' | 'lost' | 'over';
}

/**
 * Follows what the server tells about this query, while the page is visible: a browser has few connections to
 * a server.
 */
export function useStream(query: string): Stream {
  const [stream, setStream] = useState<Stream>({ model: undefined, state: 'connecting' });
  useEffect(() => {
    let source: EventSource | undefined;
    const close = (): void => {
      source?.close();
      source = undefined;
    };
    const open = (): void => {
      close();
      const opened = new EventSource(`events?${query}`);
      source = opened;
      opened.onmessage = ({ data }: MessageEvent<string>) => {
        // The server is of the same build as this page.
        setStream({ model: JSON.parse(data) as PageModel, state: 'live' });
      };
      opened.onerror = () => {
        const isOver = opened.readyState === EventSource.CLOSED;
        setStream(({ model }) => ({ model, state: isOver ? 'over' : 'lost' }));
      };
    };
    const follow = (): void => (document.hidden ? close() : open());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      close();
    };
  }, [query]);
  return stream;
}
