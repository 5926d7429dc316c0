import { hash } from 'node:crypto';
import * as z from 'zod';
import { errorAnswer, HTTPError, retryLater } from '../http/answer.ts';
import type { CallerRole, CallerRoles, Freshness } from './caller-role.ts';
import { fetchProblem, type JSONAnswer, type JSONClient, UnexpectedAnswerError } from './json-client.ts';
import type { Caller } from './token-verifier.ts';

/** How to reach the server. */
export interface WhoamiOptions {
  /** Base URL of the server's API. */
  readonly url: URL;
  readonly client: JSONClient;
  /** How long an answer is recent, in milliseconds: a task is polled more often than an admin is removed. */
  readonly recentMs: number;
  /** How long an answer is still used while the server can't be asked, in milliseconds. */
  readonly staleMs: number;
  /** Longest the server may take to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
  /** Called once for each cause why the server can't be asked, and with nothing once it can be again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/**
 * Answers kept at most; the oldest goes first. Tokens are verified before the server is asked, so few are
 * made up.
 */
const MAX_CACHED = 1_000;

/** An answer is a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Time after a failure during which the server is not asked: one that hangs would keep every request for as
 * long as it may take.
 */
const FAILURE_COOL_DOWN_MS = 2_000;

/** The server's answer; permission names carry no JSON tags there, hence their case. */
const whoami = z.object({
  id: z.string().optional(),
  username: z.string(),
  is_admin: z.boolean(),
  owner: z.string().optional(),
  permissions: z.object({ Apps: z.object({ Edit: z.boolean() }) }).optional(),
});

/** The server's 401. */
const refusedToken = z.object({ error: z.string().regex(/^[\x20-\x7e]{1,200}$/) });

interface CachedRole {
  readonly role: CallerRole;
  readonly askedAt: number;
}

/**
 * Asks the server itself, with the caller's own token, who the caller is: `GET /whoami`. So a session that
 * the server has revoked is refused here too, and tokens need not name their user.
 */
export class Whoami implements CallerRoles {
  readonly #options: WhoamiOptions;
  readonly #endpoint: URL;
  /** SHA-256 of the token → answer. */
  readonly #cache = new Map<string, CachedRole>();
  /**
   * Questions under way, by the same key: however many requests come with a token, the server is asked once.
   */
  readonly #asking = new Map<string, Promise<CallerRole>>();
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: ServerUnavailableError | undefined;

  constructor(options: WhoamiOptions) {
    this.#options = options;
    this.#endpoint = new URL(`${options.url.href.replace(/\/$/, '')}/whoami`);
  }

  async roleOf(caller: Caller, freshness: Freshness): Promise<CallerRole> {
    const { recentMs, staleMs, monotonic } = this.#options;
    const key = hash('sha256', caller.token, 'base64');
    const cached = this.#cache.get(key);
    const age = cached === undefined ? Number.POSITIVE_INFINITY : monotonic() - cached.askedAt;
    if (cached !== undefined && freshness === 'recent' && age < recentMs) {
      return cached.role;
    }
    try {
      return await this.#askOnce(key, caller);
    } catch (error) {
      if (error instanceof ServerUnavailableError && cached !== undefined && age < staleMs) {
        return cached.role;
      }
      throw error instanceof ServerUnavailableError ? error.asAnswer() : error;
    }
  }

  async #askOnce(key: string, caller: Caller): Promise<CallerRole> {
    const asking = this.#asking.get(key) ?? this.#ask(key, caller).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return await asking;
  }

  async #ask(key: string, caller: Caller): Promise<CallerRole> {
    const { status, body } = await this.#fetch(caller.token);
    this.#cache.delete(key);
    if (status === 401) {
      this.#succeeded();
      const refusal = refusedToken.safeParse(body);
      const text = refusal.success ? refusal.data.error : 'invalid or expired token';
      if (text !== 'User not found') {
        throw HTTPError.with(401, text);
      }
    }
    const answer = status === 401 ? undefined : whoami.safeParse(body);
    if (answer?.success === false) {
      throw this.#misconfigured('answered with something other than a user');
    }
    this.#succeeded();
    const role: CallerRole = answer === undefined ? { kind: 'unknown' } : roleIn(caller, answer.data);
    this.#cache.set(key, { role, askedAt: this.#options.monotonic() });
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= MAX_CACHED) {
        break;
      }
      this.#cache.delete(oldest);
    }
    return role;
  }

  async #fetch(token: string): Promise<JSONAnswer> {
    const { client, timeoutMs, monotonic } = this.#options;
    if (this.#failure !== undefined && monotonic() - this.#failedAt < FAILURE_COOL_DOWN_MS) {
      throw this.#failure;
    }
    let answer: JSONAnswer;
    try {
      const limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
      answer = await client.get(this.#endpoint, limits, { Authorization: `Bearer ${token}` });
    } catch (cause) {
      if (cause instanceof UnexpectedAnswerError) {
        throw this.#misconfigured('answered with something other than a user', cause);
      }
      throw this.#unavailable(fetchProblem(this.#endpoint, cause), cause);
    }
    if (answer.status === 404 || (answer.status >= 300 && answer.status < 400)) {
      throw this.#misconfigured(`answered ${answer.status}`);
    }
    if (answer.status !== 200 && answer.status !== 401) {
      throw this.#unavailable(`${this.#endpoint} answered ${answer.status}`);
    }
    return answer;
  }

  /** Something else is at this address: it stays so until the address is set to that of the server. */
  #misconfigured(answered: string, cause?: unknown): ServerUnavailableError {
    const message = `${this.#endpoint} ${answered}: check --server-url`;
    return this.#failed(new ServerUnavailableError(message, true, { cause }));
  }

  #unavailable(message: string, cause?: unknown): ServerUnavailableError {
    return this.#failed(new ServerUnavailableError(message, false, { cause }));
  }

  #failed(error: ServerUnavailableError): ServerUnavailableError {
    // Once for each cause, however many requests meet it.
    if (error.message !== this.#failure?.message) {
      this.#options.onProblem(error.message);
    }
    this.#failure = error;
    this.#failedAt = this.#options.monotonic();
    return error;
  }

  #succeeded(): void {
    if (this.#failure !== undefined) {
      this.#failure = undefined;
      this.#options.onProblem(undefined);
    }
  }
}

/** The server can't be asked, or its answer can't be understood. */
class ServerUnavailableError extends Error {
  override readonly name = 'ServerUnavailableError';
  readonly #isPermanent: boolean;

  constructor(message: string, isPermanent: boolean, options?: ErrorOptions) {
    super(message, options);
    this.#isPermanent = isPermanent;
  }

  asAnswer(): HTTPError {
    const text = 'the server cannot be asked who you are';
    const answer = this.#isPermanent
      ? errorAnswer(503, `${text}: the shim has to be configured differently, see its log`)
      : retryLater(503, `${text}; try again`, 5);
    return new HTTPError(answer, { cause: this });
  }
}

function roleIn(caller: Caller, answer: z.infer<typeof whoami>): CallerRole {
  if (!isAbout(caller, answer)) {
    return { kind: 'unknown' };
  }
  const { username, owner, permissions } = answer;
  if (answer.is_admin) {
    return { kind: 'admin', username };
  }
  return owner === undefined || owner === ''
    ? { kind: 'unknown' }
    : { kind: 'teamUser', owner, mayEditApps: permissions?.Apps.Edit ?? false };
}

/** Whether the answer agrees with everything the token says about its user. */
function isAbout(caller: Caller, answer: z.infer<typeof whoami>): boolean {
  const { username, userID, isAdmin } = caller;
  return (
    (username === undefined || username === answer.username) &&
    (userID === undefined || !isSet(answer.id) || userID === answer.id) &&
    (isAdmin === undefined || isAdmin === answer.is_admin)
  );
}

/** The server leaves the id of team users zero. */
function isSet(id: string | undefined): id is string {
  return id !== undefined && !/^0*$/.test(id);
}
