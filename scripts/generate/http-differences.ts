/** One deliberate difference between the shim and the server. */
export interface Difference {
  readonly what: string;
  readonly server: string;
  readonly shim: string;
  readonly why: string;
}

/**
 * Where the shim does not answer as the server does, on purpose. Everything else is the same, and the tests
 * that replay what the real server answered may excuse a difference only with an entry of this table.
 */
export const differences = {
  noExpiry: {
    what: 'A token without `exp`',
    server: 'accepted',
    shim: '401 `token has no expiry (exp): …`; accepted with `--allow-tokens-without-expiry`',
    why: 'A leaked token that never expires is a leaked admin for ever.',
  },
  zeroExpiry: {
    what: 'A token with `exp: 0`',
    server: 'accepted, as if there were no `exp`',
    shim: '401 `token expired`',
    why: 'It says when it expired: 1970.',
  },
  algorithm: {
    what: 'HS384 and HS512',
    server: 'accepted',
    shim: '401 `unverifiable token`',
    why: 'The server mints HS256 only. One algorithm for each mode leaves nothing to confuse.',
  },
  tokenFaults: {
    what: 'A token with several faults, or a header that is not valid JOSE (no `alg`, unknown `crit`)',
    server: 'names one of them',
    shim: 'may name another; always 401',
    why: 'The order of checks is that of the library, which looks at the signature before the claims.',
  },
  apiToken: {
    what: 'A valid API token (`fns_…`)',
    server: '403 `Admin JWT is required` or `API tokens are restricted to app upload`',
    shim: '401 `invalid or expired token`',
    why: "API tokens live in the server's MongoDB; on these routes they are refused in any case.",
  },
  adminRule: {
    what: 'Who is an admin',
    server: 'looked up in MongoDB',
    shim: '`--admin`, `--admin-claim` or `--server-url` (which asks the server)',
    why: 'The shim has no access to MongoDB.',
  },
  decision: {
    what: 'Whether a recovery is needed and allowed',
    server: 'its own precheck',
    shim: "the recovery engine's, which knows more states and heals more of them",
    why: 'That is what it is for. For example a marker that a crash left behind is healed (202), not called complete (409).',
  },
  unreachable: {
    what: 'Redis or the bucket does not answer',
    server: '500 `Failed to acquire recovery lock`, 503 `Failed to determine bootstrap state …`',
    shim: '202; the same texts only when access is refused for good',
    why: 'The recovery is recorded and continues when they are back.',
  },
  wrongTypeLock: {
    what: 'The recovery lock in Redis is not a string',
    server: '409 `Recovery already in progress …`',
    shim: '503 `Failed to evaluate recovery precheck`',
    why: 'No recovery put it there, so nothing is in progress.',
  },
  waiting: {
    what: 'How long a request takes',
    server: 'as long as storage takes',
    shim: 'at most `--decision-timeout` (10 s), then 202',
    why: 'Nothing is lost by an early answer: the run is recorded.',
  },
  refused: {
    what: 'A target that is read-only, or refers to something that is missing',
    server: 'does not exist',
    shim: '409 `Recovery refused: …`',
    why: 'It is known before the caller waits for a task, and a retry does not help.',
  },
  otherTasks: {
    what: 'Tasks of other kinds (bootstrap, publish, metadata, settings)',
    server: 'shown',
    shim: 'PENDING without a result, as any unknown id',
    why: 'They live in Redis, which the shim does not read. Leave this route with the server unless you need it: the controller also writes the task record the server reads.',
  },
  taskScope: {
    what: 'The task of another admin',
    server: 'shown to every caller with a token',
    shim: 'PENDING without a result, as any unknown id',
    why: 'Tasks of an admin concern that admin.',
  },
  taskRecord: {
    what: 'Faults of the task record (`Failed to parse task status`, `Failed to retrieve task status`, ERRORED)',
    server: '500, or ERRORED',
    shim: 'do not exist; 503 `Failed to retrieve task status` while starting',
    why: 'The state is read from the BootstrapRecovery, which the API server validated.',
  },
  taskStates: {
    what: 'Task states',
    server: 'PENDING, STARTED, RUNNING, SUCCESS, FAILURE',
    shim: 'PENDING, RECEIVED (waits for a lock, an approval or its target), RUNNING, RETRY, SUCCESS, FAILURE, REVOKED (cancelled), REJECTED (denied)',
    why: "The run says more; every word is one of the server's.",
  },
  causes: {
    what: 'The cause after `Bootstrap recovery failed: `',
    server: 'Go errors with paths and request ids of storage',
    shim: 'what happened and what to do next',
    why: 'The engine is another one. Texts of failures it cannot have (marker changed before claiming, half-saved keys) do not occur.',
  },
  lastUpdate: {
    what: '`last_update` of a task',
    server: 'nanoseconds, time zone of the server',
    shim: 'seconds, UTC',
    why: 'That is how Kubernetes keeps time.',
  },
  limits: {
    what: 'Size and pace of requests',
    server: 'no limits',
    shim: '413 above 16 KiB of body, 415 for a compressed one, 431 above 16 KiB of headers, 408 after 15 s, 429 per caller and for more than 100 unfinished recoveries of an admin; 1,000 connections, 8 pipelined requests, 10 s to read an answer; `appName` at most 253 characters',
    why: "The server's limits are the memory and the sockets it has.",
  },
  syntaxErrors: {
    what: 'How a body that is not valid JSON is described, after `Invalid payload format: `, and a quoted `appName` with unprintable characters',
    server: "the words of the Go parser, such as `invalid character 'x' looking for beginning of value`",
    shim: '`EOF` and `unexpected EOF` as the server; otherwise `the body is not valid JSON`; quoted as JSON',
    why: 'The parser is another one. Status, form and everything before these words are the same.',
  },
  errorMessage: {
    what: 'Error answers',
    server: '`{"error": "…"}`',
    shim: '`{"error": "…", "message": "…"}`, twice the same text',
    why: "The server's dashboard shows what is under `message` and nothing else, so its users never see an error of the server.",
  },
  session: {
    what: 'A session that the server has revoked',
    server: '401 at once',
    shim: "with `--server-url`: 401 with the server's text where a recovery is started, within 30 s where tasks are read; for up to 5 min the last answer counts while the server can't be asked. Otherwise the token counts until it expires",
    why: 'Only the server knows its sessions, and the shim is needed most while the server is broken.',
  },
  paths: {
    what: 'Percent-encoded spellings of the paths',
    server: 'decoded',
    shim: '404 `404 page not found`',
    why: 'One spelling of each path: what an ingress matched is what is served. A trailing slash is redirected as by the server: 301 for GET, 307 for POST.',
  },
} as const satisfies Record<string, Difference>;

/** Name of a difference. */
export type DifferenceName = keyof typeof differences;
