import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 404 | 421;
  readonly text: string;
}

/** What {@link requestRefusal} holds a request against. */
export interface GuardOptions {
  /** The port the server listens on. */
  readonly port: number;
  /** The secret first part of every path. */
  readonly token: string;
}

/**
 * Who may talk to the dashboard: a browser that was given the URL with the token, from a page of the
 * dashboard itself. The server listens on the loopback interface only, but every page in the person's browser
 * and every user of the machine can reach it there.
 *
 * @returns undefined for a request that may pass
 */
export function requestRefusal(
  { headers, method, url = '' }: Pick<IncomingMessage, 'headers' | 'method' | 'url'>,
  { port, token }: GuardOptions,
): Refusal | undefined {
  // A foreign name that was made to resolve to 127.0.0.1 (DNS rebinding) would have its page in the
  // dashboard's origin.
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (headers.host === undefined || !hosts.includes(headers.host)) {
    return { status: 421, text: 'This server answers only under the name the command printed.' };
  }
  if (!isEqual(url.split('/', 2)[1] ?? '', token)) {
    return { status: 404, text: 'Open the URL that the command printed: it ends with a secret.' };
  }
  // Browsers send Origin with every request that could change something, and Sec-Fetch-Site with all.
  const isSafe = method === 'GET' || method === 'HEAD';
  const origin = `http://${headers.host}`;
  const isForeign = headers.origin === undefined ? !isSafe : headers.origin !== origin;
  const site = headers['sec-fetch-site'];
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && isSafe;
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation;
  return isForeign || isForeignSite
    ? { status: 403, text: 'Only the pages of this server may ask it.' }
    : undefined;
}

/** In a time that does not tell how much of it was right. */
function isEqual(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
