/** The way that bytes take through the proxy. */
export type Direction = 'toServer' | 'toClient';

/** What the proxy does to the connections that pass through it. Without a direction it does so both ways. */
export type Fault =
  /** Holds everything back for so many milliseconds, in order. */
  | { readonly kind: 'delay'; readonly ms: number; readonly direction?: Direction }
  /** Lets so many bytes through per second. */
  | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number; readonly direction?: Direction }
  /**
   * Nothing arrives any more, not even the end of a connection: both sides see silence, as when a network is
   * cut. What was sent meanwhile arrives once the proxy is healed, because TCP would send it again.
   */
  | { readonly kind: 'blackHole'; readonly direction?: Direction }
  /** From the first piece that holds this text on, its direction of its connection is a black hole. */
  | { readonly kind: 'hold'; readonly text: string; readonly direction: Direction }
  /** Closes both sides in good order (FIN) after so many bytes. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly direction: Direction }
  /** Resets both sides (RST) after so many bytes. */
  | { readonly kind: 'reset'; readonly afterBytes: number; readonly direction: Direction }
  /** Swallows every piece that holds this text, as a proxy does that does not know what it is. */
  | { readonly kind: 'swallow'; readonly text: string; readonly direction: Direction }
  /** Resets a connection on which this text comes by, as a proxy does that does not support it. */
  | { readonly kind: 'hangUp'; readonly text: string; readonly direction: Direction }
  /** Connecting fails with ECONNREFUSED; open connections are reset. */
  | { readonly kind: 'refuse' };
