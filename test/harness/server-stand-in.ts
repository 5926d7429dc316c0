import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An app as the stand-in signs it. */
export interface StandInApp {
  /** Delegated roles the server holds keys of. */
  readonly delegated: readonly string[];
  /** Puts a new version of these roles into the bucket. */
  readonly sign: (roles: ReadonlySet<string>) => Promise<void>;
  /** Whether the marker is there; false also stands for a Redis that can't be reached. */
  readonly isBootstrapped: () => boolean | Promise<boolean>;
  /** What signing fails with, for example an expired root. */
  readonly failure?: string;
}

/** What the stand-in was asked for. */
export interface RefreshCall {
  readonly app: string;
  readonly roles: readonly string[];
  readonly status: number;
}

/** What {@link startServerStandIn} needs. */
export interface StandInOptions {
  readonly secret: string;
  /** Admin → password. */
  readonly passwords: ReadonlyMap<string, string>;
  readonly apps: ReadonlyMap<string, StandInApp>;
  /** Logins of one admin that are let in: servers after 2.1.0 allow five in a minute. */
  readonly mostLogins?: number;
}

/**
 * The routes of faynoSync 2.1 that have metadata signed again: login, metadata/online, task. Held against a
 * recording.
 */
export interface ServerStandIn extends AsyncDisposable {
  readonly url: string;
  /** Requests for signatures that were answered, in order. */
  readonly calls: readonly RefreshCall[];
  /** Logins that were tried, by admin. */
  readonly logins: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const topLevel = ['targets', 'snapshot', 'timestamp'];

/** Starts the stand-in on a free port of 127.0.0.1. */
export async function startServerStandIn(options: StandInOptions): Promise<ServerStandIn> {
  const calls: RefreshCall[] = [];
  const logins: string[] = [];
  const tasks = new Map<string, object>();
  const server = createServer((request, response) => {
    void answer(options, calls, logins, tasks, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    logins,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  options: StandInOptions,
  calls: RefreshCall[],
  logins: string[],
  tasks: Map<string, object>,
  request: IncomingMessage,
): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const body = await read(request);
  if (request.method === 'POST' && url.pathname === '/login') {
    return login(options, logins, body);
  }
  const refusal = refusalOf(options, request.headers.authorization, url.pathname);
  if (refusal !== undefined) {
    return refusal;
  }
  if (request.method === 'GET' && url.pathname === '/tuf/v1/task') {
    return task(tasks, url.searchParams.get('task_id'));
  }
  if (request.method === 'POST' && url.pathname === '/tuf/v1/metadata/online') {
    const app = url.searchParams.get('appName') ?? '';
    const given = body === undefined ? undefined : (body as { readonly roles?: unknown }).roles;
    const roles = Array.isArray(given) ? given.map(String) : [];
    const found = await online(options, tasks, app, roles);
    calls.push({ app, roles, status: found.status });
    return found;
  }
  return { status: 404, body: { error: 'not found' } };
}

function login(
  { secret, passwords, mostLogins = Number.POSITIVE_INFINITY }: StandInOptions,
  logins: string[],
  body: unknown,
): Answer {
  if (typeof body !== 'object' || body === null) {
    return { status: 400, body: { error: 'invalid request body' } };
  }
  // Go's decoder ignores case; the recording shows it.
  const fields = new Map(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]));
  const username = fields.get('username');
  const password = fields.get('password');
  if ([username, password].some((each) => each !== undefined && typeof each !== 'string')) {
    return { status: 400, body: { error: 'invalid request body' } };
  }
  logins.push(String(username));
  if (logins.filter((each) => each === username).length > mostLogins) {
    return { status: 429, body: { error: 'too many attempts, try again later' } };
  }
  const known = passwords.get(String(username));
  return known !== undefined && known === password
    ? { status: 200, body: { token: mintToken(secret, String(username), Date.now() / 1000 + 86_400) } }
    : { status: 401, body: { error: 'invalid username or password' } };
}

function refusalOf(
  { secret, passwords }: StandInOptions,
  header: string | undefined,
  path: string,
): Answer | undefined {
  const refuse = (status: number, error: string): Answer => ({ status, body: { error } });
  if (header === undefined) {
    return refuse(401, 'missing authorization header');
  }
  const [scheme, token] = header.split(' ');
  if (scheme !== 'Bearer' || token === undefined) {
    return refuse(401, 'invalid token format');
  }
  if (token.startsWith('fns_')) {
    return token === 'fns_known'
      ? refuse(
          403,
          path === '/tuf/v1/task' ? 'API tokens are restricted to app upload' : 'Admin JWT is required',
        )
      : refuse(401, 'invalid or expired token');
  }
  const [head = '', claims = '', signature = ''] = token.split('.');
  const wanted = createHmac('sha256', secret).update(`${head}.${claims}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    return refuse(401, 'invalid token signature');
  }
  const { username, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
  if (exp * 1000 < Date.now()) {
    return refuse(401, 'token expired');
  }
  return passwords.has(username) ? undefined : refuse(403, 'Admin access required');
}

function task(tasks: ReadonlyMap<string, object>, id: string | null): Answer {
  if (id === null) {
    return { status: 400, body: { error: 'task_id query parameter is required' } };
  }
  const record = tasks.get(id) ?? { state: 'PENDING' };
  return { status: 200, body: { data: { task_id: id, ...record }, message: 'Task state.' } };
}

async function online(
  { apps }: StandInOptions,
  tasks: Map<string, object>,
  appName: string,
  roles: readonly string[],
): Promise<Answer> {
  if (roles.includes('root')) {
    return { status: 400, body: { error: 'Root role cannot be updated via this endpoint' } };
  }
  const app = apps.get(appName);
  if (app === undefined || !(await app.isBootstrapped())) {
    return {
      status: 404,
      body: { error: 'Requires bootstrap finished. State: ', message: 'Task not accepted.' },
    };
  }
  const id = randomUUID();
  const last_update = new Date().toISOString();
  const record = (state: string, result: object) =>
    tasks.set(id, { state, result: { task: 'force_online_metadata_update', last_update, ...result } });
  record('RUNNING', {});
  const signed = rolesSigned(roles, app.delegated);
  const work = app.failure === undefined ? app.sign(signed) : Promise.reject(new Error(app.failure));
  work.then(
    () =>
      record('SUCCESS', {
        message: 'Force new online metadata update succeeded',
        status: true,
        details: { updated_roles: [...signed] },
      }),
    (error: unknown) =>
      record('FAILURE', {
        message: 'Force new online metadata update failed',
        status: false,
        error: error instanceof Error ? error.message : String(error),
      }),
  );
  return {
    status: 202,
    body: { data: { task_id: id, last_update }, message: 'Force online metadata update accepted.' },
  };
}

/**
 * As recorded: none named is all of the top level; targets brings snapshot, and whatever is signed brings
 * timestamp.
 */
export function rolesSigned(asked: readonly string[], delegated: readonly string[]): ReadonlySet<string> {
  if (asked.length === 0) {
    return new Set(topLevel);
  }
  const known = asked.filter((role) => topLevel.includes(role) || delegated.includes(role));
  const signed = new Set(known);
  if (known.some((role) => role !== 'timestamp')) {
    signed.add('snapshot');
  }
  if (known.length > 0) {
    signed.add('timestamp');
  }
  return signed;
}

/** A token as the server makes them. */
export function mintToken(secret: string, username: string, exp: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ username, exp: Math.floor(exp) })}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(Buffer.from(chunk));
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
