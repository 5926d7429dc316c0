import { SignJWT } from 'jose';
import { errorMessage } from '../../errors.ts';
import type { App } from '../../faynosync/app.ts';
import type { HostResolver } from '../../net/dial.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import { sendRequest } from '../../net/single-request.ts';
import type { Login, LoginTokens } from './login-tokens.ts';

/** Who the server believes: a token that is made for each call, or one that a login returns. */
export type AdminCredentials =
  /** The server's own JWT secret. */
  | { readonly kind: 'secret'; readonly secret: string }
  /** The password of the admin. */
  | { readonly kind: 'login'; readonly password: string };

/** How the HTTP API of a server is reached. */
export interface ServerAPIOptions {
  readonly url: URL;
  readonly ca: string | undefined;
  readonly proxy: ProxyRule;
  /** What may be connected to where there is no proxy. */
  readonly resolve: HostResolver;
  readonly credentials: AdminCredentials;
  /** Tokens of earlier logins. */
  readonly logins: LoginTokens;
  /** For the expiry of tokens. */
  readonly now: () => Date;
}

/** Status and body of an answer; the body is undefined where it is no JSON. */
interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What the server said to a request for new signatures. */
export type RefreshAnswer =
  | { readonly kind: 'accepted'; readonly taskID: string }
  /** It says that the app is not bootstrapped: it also says so when it could not reach its Redis. */
  | { readonly kind: 'notBootstrapped'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** How a task of the server stands. */
export type TaskAnswer =
  | { readonly kind: 'underWay' }
  /** `roles`: what it signed; empty for names it does not know. */
  | { readonly kind: 'succeeded'; readonly roles: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string };

const tokenSeconds = 60;
const timeoutMs = 10_000;
/** An answer of these routes has some hundred bytes. */
const maxBodyBytes = 64 * 1024;
const maxMessage = 300;
const underWay: ReadonlySet<string> = new Set(['PENDING', 'RECEIVED', 'PRE_RUN', 'STARTED', 'RUNNING']);

/**
 * The few routes of faynoSync 2.1 that have metadata signed again. It signs nothing itself. Every method
 * throws an Error whose message holds no secret when the server does not answer in time or not in its own
 * form.
 */
export class ServerAPI {
  readonly #options: ServerAPIOptions;

  constructor(options: ServerAPIOptions) {
    this.#options = options;
  }

  /** `POST /tuf/v1/metadata/online`: has the server sign roles again. Sent once, never repeated. */
  async refresh(
    { adminName, appName }: App,
    roles: readonly string[],
    signal: AbortSignal,
  ): Promise<RefreshAnswer> {
    const path = `/tuf/v1/metadata/online?appName=${encodeURIComponent(appName)}`;
    const { status, body } = await this.#call('POST', path, adminName, { roles }, signal);
    const taskID = text(member(member(body, 'data'), 'task_id'));
    if (status === 202 && taskID !== undefined) {
      return { kind: 'accepted', taskID };
    }
    const message = `${problem(status, body)}${this.#adviceFor(status)}`;
    return status === 404 && message.includes('Requires bootstrap finished')
      ? { kind: 'notBootstrapped', message }
      : { kind: 'refused', message };
  }

  /** A token that is made here holds a name, as those of 2.1.0 do; later servers know users by their ids. */
  #adviceFor(status: number): string {
    return status === 401 && this.#options.credentials.kind === 'secret'
      ? '. Check jwtSecretRef; a server after 2.1.0 may take tokens of a login only: use loginSecretRef'
      : '';
  }

  /** `GET /tuf/v1/task`. A task that the server does not know is under way for it: it says PENDING. */
  async task(adminName: string, taskID: string, signal: AbortSignal): Promise<TaskAnswer> {
    const path = `/tuf/v1/task?task_id=${encodeURIComponent(taskID)}`;
    const { status, body } = await this.#call('GET', path, adminName, undefined, signal);
    const data = member(body, 'data');
    const state = text(member(data, 'state'));
    // 500 while the server can't reach its Redis: nothing is known then.
    if (state === undefined || underWay.has(state)) {
      return status === 200 || status >= 500
        ? { kind: 'underWay' }
        : { kind: 'failed', message: problem(status, body) };
    }
    const result = member(data, 'result');
    if (state === 'SUCCESS') {
      const roles = member(member(result, 'details'), 'updated_roles');
      return {
        kind: 'succeeded',
        roles: Array.isArray(roles) ? roles.flatMap((role) => text(role) ?? []) : [],
      };
    }
    return { kind: 'failed', message: text(member(result, 'error')) ?? `task ${state}` };
  }

  /** One call in the name of an admin. */
  async #call(
    method: 'GET' | 'POST',
    path: string,
    adminName: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    const { credentials, logins, now, url } = this.#options;
    if (credentials.kind === 'secret') {
      return this.#send(method, path, await this.#mint(adminName, credentials.secret), body, signal);
    }
    const login = { url, adminName, password: credentials.password };
    const kept = logins.find(login, now());
    if (kept !== undefined) {
      const answer = await this.#send(method, path, kept, body, signal);
      if (answer.status !== 401) {
        return answer;
      }
      // Ended meanwhile. The server has done nothing, so it may be asked again.
      logins.drop(login);
    }
    return this.#send(method, path, await this.#logIn(login, signal), body, signal);
  }

  /** `fns_` tokens are refused by these routes: they want the JWT of an admin. */
  #mint(adminName: string, secret: string): Promise<string> {
    const expires = Math.floor(this.#options.now().getTime() / 1000) + tokenSeconds;
    return new SignJWT({ username: adminName })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setExpirationTime(expires)
      .sign(new TextEncoder().encode(secret));
  }

  async #logIn(login: Login, signal: AbortSignal): Promise<string> {
    const { logins, now } = this.#options;
    const { adminName: username, password } = login;
    const { status, body } = await this.#send('POST', '/login', undefined, { username, password }, signal);
    const token = text(member(body, 'token'), 8_192);
    if (status !== 200 || token === undefined) {
      throw new Error(`The server refused the login of ${username}: ${problem(status, body)}`);
    }
    logins.keep(login, token, now());
    return token;
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    token: string | undefined,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    const { url: base, ca, proxy, resolve } = this.#options;
    const url = new URL(`${base.href.replace(/\/$/, '')}${path}`);
    try {
      const answer = await sendRequest(url, {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: body && JSON.stringify(body),
        maxAnswerBytes: maxBodyBytes,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...{ ca, proxy, resolve },
      });
      return { status: answer.status, body: json(answer.body.toString('utf8')) };
    } catch (cause) {
      signal.throwIfAborted();
      throw new Error(`${base.origin} did not answer ${method} ${url.pathname}: ${errorMessage(cause)}`, {
        cause,
      });
    }
  }
}

function problem(status: number, body: unknown): string {
  return `HTTP ${status}: ${text(member(body, 'error')) ?? 'no reason given'}`;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // A page of a proxy, for example: it has no fields, and the status says the rest.
    return undefined;
  }
}

/** From outside: bounded, and never more than a line. */
function text(value: unknown, most = maxMessage): string | undefined {
  return typeof value === 'string' ? value.slice(0, most).replaceAll(/\p{Cc}/gu, ' ') : undefined;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
    return undefined;
  }
  // `name` is an own property, as just checked.
  return (value as Readonly<Record<string, unknown>>)[name];
}
