import { createHash } from 'node:crypto';
import * as z from 'zod';
import { Refusal, retryLater } from '../http/answer.ts';
import type { Standing, StandingSource } from './caller-role.ts';
import type { Caller } from './token-verifier.ts';

/** How to reach the server. */
export interface WhoamiOptions {
  /** Base URL of the server's API. */
  readonly url: URL;
  /** How long an answer is trusted, in milliseconds: a task is polled more often than an admin is removed. */
  readonly cacheMs: number;
  /** Longest the server may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
}

/** Answers kept at most; the oldest goes first. Tokens are verified before anybody asks, so few are made up. */
const MAX_CACHED = 1_000;

/** The server's answer; permission names carry no JSON tags there, hence their case. */
const whoami = z.object({
  username: z.string(),
  is_admin: z.boolean(),
  owner: z.string().optional(),
  permissions: z.object({ Apps: z.object({ Edit: z.boolean() }) }).optional(),
});

/** Asks the server itself, with the caller's own token, who the caller is: `GET /whoami`. */
export class Whoami implements StandingSource {
  readonly #options: WhoamiOptions;
  readonly #endpoint: string;
  /** SHA-256 of the token → answer. */
  readonly #cache = new Map<string, { readonly standing: Standing; readonly until: number }>();

  constructor(options: WhoamiOptions) {
    this.#options = options;
    this.#endpoint = `${options.url.href.replace(/\/$/, '')}/whoami`;
  }

  async standingOf(caller: Caller): Promise<Standing> {
    const key = createHash('sha256').update(caller.token).digest('base64');
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.until > this.#options.monotonic()) {
      return cached.standing;
    }
    const standing = await this.#ask(caller);
    this.#cache.delete(key);
    this.#cache.set(key, { standing, until: this.#options.monotonic() + this.#options.cacheMs });
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= MAX_CACHED) {
        break;
      }
      this.#cache.delete(oldest);
    }
    return standing;
  }

  async #ask(caller: Caller): Promise<Standing> {
    try {
      const response = await fetch(this.#endpoint, {
        headers: { Authorization: `Bearer ${caller.token}` },
        // A redirect would carry the token somewhere else.
        redirect: 'error',
        signal: AbortSignal.timeout(this.#options.timeoutMs),
      });
      if (response.status === 401) {
        await response.body?.cancel();
        return { kind: 'unknown' };
      }
      if (!response.ok) {
        throw new Error(`${this.#endpoint} answered ${response.status}`);
      }
      return standingIn(caller, whoami.parse(await response.json()));
    } catch (cause) {
      const text = 'the server cannot be asked who you are; try again';
      throw new Refusal(retryLater(503, text, 5), { cause });
    }
  }
}

function standingIn(caller: Caller, answer: z.infer<typeof whoami>): Standing {
  if (answer.username !== caller.username) {
    return { kind: 'unknown' };
  }
  if (answer.is_admin) {
    return { kind: 'admin' };
  }
  const { owner, permissions } = answer;
  return owner === undefined || owner === ''
    ? { kind: 'unknown' }
    : { kind: 'teamUser', owner, mayEditApps: permissions?.Apps.Edit ?? false };
}
