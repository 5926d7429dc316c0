import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintToken, rolesSigned, type ServerStandIn, startServerStandIn } from './server-stand-in.ts';

/** One line of the recording. */
interface Recorded {
  readonly name: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly response?: { readonly status: number; readonly body: unknown };
  readonly newVersions?: readonly string[] | null;
}

const recording = fileURLToPath(new URL('../../../shared/data/golden/refresh.jsonl', import.meta.url));
const secret = 'the-secret-of-the-server';
/** Cases in which something beside the request is wrong: Redis, the store, a key, a setting. */
const special =
  /redis|s3|BOOTSTRAP|TARGETS_ONLINE|EXPIRATION|root-exp|key|lock|at-once|second|finished|RUNNING|other-admin|one-|flushed|password-number|roles-string|number-element|no-body|not-json|appname|targets-online|marker-blank|not-bootstrapped|other-admin/;

let server: ServerStandIn;
let cases: readonly Recorded[];
let signed: ReadonlySet<string> = new Set();

beforeAll(async () => {
  const lines = (await readFile(recording, 'utf8')).trim().split('\n');
  cases = lines
    // The recording is ours and fixed.
    .map((line) => JSON.parse(line) as Recorded)
    .filter(({ name, request }) => !special.test(name) && isServed(request?.path));
  const sign = async (roles: ReadonlySet<string>): Promise<void> => {
    signed = roles;
  };
  const app = { delegated: ['default', 'Beta-Channel', 'nightly'], sign, isBootstrapped: () => true };
  server = await startServerStandIn({
    secret,
    passwords: new Map([['alice', '<password>']]),
    apps: new Map([
      ['deleg', app],
      ['delegp', app],
    ]),
  });
});

afterAll(() => server[Symbol.asyncDispose]());

test('the stand-in answers what the real server was recorded to answer', async () => {
  expect(cases.length).toBeGreaterThan(40);
  for (const { name, request, response, newVersions } of cases) {
    if (request === undefined || response === undefined) {
      continue;
    }
    signed = new Set();
    const { body } = request;
    const answer = await fetch(`${server.url}${request.path}`, {
      method: request.method,
      headers: { ...request.headers, ...authorization(name, request.headers['Authorization']) },
      ...(body !== null && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    expect([name, answer.status]).toEqual([name, response.status]);
    const given = (await answer.json()) as { readonly error?: string };
    const wanted = response.body as { readonly error?: string };
    expect([name, given.error]).toEqual([name, wanted.error]);
    if (request.path.includes('online') && newVersions) {
      expect([name, [...signed].sort()]).toEqual([name, [...newVersions].sort()]);
    }
  }
});

test('which roles are signed follows the recording', () => {
  expect([...rolesSigned(['nightly', 'nightly'], ['nightly'])].sort()).toEqual([
    'nightly',
    'snapshot',
    'timestamp',
  ]);
  expect([...rolesSigned(['nosuch'], [])]).toEqual([]);
});

function isServed(path: string | undefined): boolean {
  return path !== undefined && /^\/(login|tuf\/v1\/(metadata\/online|task))/.test(path);
}

function authorization(name: string, header: string | undefined): Readonly<Record<string, string>> {
  if (header === undefined) {
    return {};
  }
  const now = Date.now() / 1000;
  const token =
    /unknown/.test(name) && /fns_/.test(header)
      ? 'fns_strange'
      : /fns_/.test(header)
        ? 'fns_known'
        : /another secret/.test(header)
          ? mintToken('another', 'alice', now + 60)
          : /expired/.test(header)
            ? mintToken(secret, 'alice', now - 10)
            : /unknown user/.test(header)
              ? mintToken(secret, 'mallory', now + 60)
              : mintToken(secret, 'alice', now + 60);
  return header.startsWith('Bearer') ? { Authorization: `Bearer ${token}` } : { Authorization: header };
}
