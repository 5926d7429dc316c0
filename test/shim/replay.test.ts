import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DifferenceName } from '../../scripts/generate/http-differences.ts';
import { adminList } from '../../src/shim/auth/caller-role.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type RecordedRequest, recordedRequests } from './support/recorded-requests.ts';
import { applyCRDs, type RunningShim, startShim } from './support/running-shim.ts';
import { type Script, ScriptedController } from './support/scripted-controller.ts';
import { encode, inSeconds, sign, tokenFor } from './support/tokens.ts';

const recorded = await recordedRequests();
let cluster: APIServerAccess;
let namespace: string;
let strict: RunningShim;
let lenient: RunningShim;
let controller: ScriptedController;
/**
 * admin → what the controller says of that admin's runs. Every line has its own admin, so lines don't meet.
 */
const scripts = new Map<string, Script>();

beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
  namespace = await cluster.createNamespace('replay');
  controller = new ScriptedController(cluster, namespace, (run) => scripts.get(run.spec.adminName));
  const callerRoles = adminList(recorded.map(adminOf));
  strict = await startShim(cluster, namespace, { callerRoles });
  const rules = {
    algorithms: ['HS256'],
    usernameClaim: 'username',
    usernameOptional: false,
    clockToleranceSeconds: 0,
    allowWithoutExpiry: true,
  };
  lenient = await startShim(cluster, namespace, { callerRoles, rules });
});
afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  await lenient[Symbol.asyncDispose]();
  await controller[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

describe('the shim answers as the real server did', () => {
  const posts = recorded.filter(({ method }) => method === 'POST');
  test.for(posts.map((line) => [`line ${line.line} ${line.note}: ${line.status}`, line] as const))(
    'POST %s',
    async ([, line]) => {
      const excuse = postDifference(line);
      const script = excuse === 'wrongTypeLock' ? said('CorruptType', 'Denied') : scriptOf(line);
      scripts.set(adminOf(line), script);
      const { shim, token } = callerOf(line);
      const response = await fetch(`${shim.url}${line.path}`, {
        method: 'POST',
        headers: {
          ...token,
          'Content-Type': line.note === 'content-type text/plain valid' ? 'text/plain' : 'application/json',
        },
        ...(line.body !== undefined && { body: line.body }),
      });
      const raw = await response.text();
      if (excuse === 'wrongTypeLock') {
        expect([response.status, withoutMessage(raw)]).toEqual([
          503,
          '{"error":"Failed to evaluate recovery precheck"}',
        ]);
        return;
      }
      expect([response.status, withoutIds(withoutMessage(raw))]).toEqual([line.status, withoutIds(line.raw)]);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    },
  );

  const gets = recorded.filter(({ method }) => method === 'GET');
  test.for(
    gets.map(
      (line) =>
        [
          `line ${line.line} ${line.note} ${line.path}: ${line.answer.data?.state ?? line.status}`,
          line,
        ] as const,
    ),
  )('GET %s', async ([, line]) => {
    const excuse = getDifference(line);
    const { shim, token } = callerOf(line);
    const id = excuse === undefined && isOwnTask(line) ? await taskLike(line, shim) : undefined;
    const path = id === undefined ? line.path : `/tuf/v1/task?task_id=${id}`;
    const response = await fetch(`${shim.url}${path}`, { headers: token });
    const raw = await response.text();
    if (excuse === undefined) {
      expect([response.status, withoutIds(withoutMessage(raw))]).toEqual([line.status, withoutIds(line.raw)]);
    } else {
      // Whatever the server knows of it from Redis: to the shim the id is unknown.
      const unknown = {
        data: { task_id: line.answer.data?.task_id ?? taskIDIn(line), state: 'PENDING' },
        message: 'Task state.',
      };
      expect([response.status, JSON.parse(raw)]).toEqual([200, unknown]);
    }
  });

  test('except that a token without expiry is refused unless that is allowed', async () => {
    const token = { Authorization: `Bearer ${sign({ username: 'admin-1' })}` };
    const url = '/tuf/v1/task?task_id=x';
    const refused = await fetch(`${strict.url}${url}`, { headers: token });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({
      error: expect.stringContaining('token has no expiry (exp)'),
    });
    expect((await fetch(`${lenient.url}${url}`, { headers: token })).status).toBe(200);
  });
});

/** Why a recorded POST can't be answered alike, if so. */
function postDifference({ note }: RecordedRequest): DifferenceName | undefined {
  return note === 'WRONGTYPE RECOVERY_LOCK' ? 'wrongTypeLock' : undefined;
}

/** Why a recorded GET can't be answered alike, if so. */
function getDifference({ answer, status, path }: RecordedRequest): DifferenceName | undefined {
  const task = answer.data?.result?.task;
  if (task !== undefined && task !== 'bootstrap_recovery') {
    return 'otherTasks';
  }
  if (answer.data?.state === 'STARTED') {
    return 'taskStates';
  }
  if (
    answer.data?.result?.error !== undefined &&
    !answer.data.result.error.startsWith('Bootstrap recovery failed: ')
  ) {
    return 'causes';
  }
  return status === 500 || path.endsWith('task_id=s') ? 'taskRecord' : undefined;
}

function isOwnTask({ answer }: RecordedRequest): boolean {
  return answer.data?.result?.task === 'bootstrap_recovery';
}

/** Makes a run whose task has to look like the recorded one; returns its id. */
async function taskLike(line: RecordedRequest, shim: RunningShim): Promise<string> {
  const { state, result } = line.answer.data ?? {};
  const run = await controller.client.create(
    {
      group: 'tuf-recovery.dev',
      version: 'v1alpha1',
      plural: 'bootstraprecoveries',
      kind: 'BootstrapRecovery',
      namespaced: true,
    },
    {
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'BootstrapRecovery',
      metadata: { namespace, generateName: 'recorded-' },
      spec: { adminName: adminOf(line), appName: 'deleg' },
    },
  );
  const message = result?.error?.replace('Bootstrap recovery failed: ', '');
  const succeeded = (
    { SUCCESS: 'Recovered', FAILURE: 'TrustVerificationFailed', RUNNING: 'Running' } as const
  )[state ?? ''];
  if (succeeded === undefined) {
    throw new Error(`line ${line.line}: no run looks like a task in state ${state}`);
  }
  // The API server's answer to a create is the run.
  await controller.say(run as Parameters<ScriptedController['say']>[0], {
    succeeded,
    ...(message !== undefined && { message }),
  });
  const { uid } = run.metadata;
  await poll('the shim to see the state', async () => {
    const response = await fetch(`${shim.url}/tuf/v1/task?task_id=${uid}`, { headers: callerOf(line).token });
    const body = (await response.json()) as RecordedRequest['answer'];
    return body.data?.state === state;
  });
  return uid;
}

function taskIDIn({ path }: RecordedRequest): string | null {
  return new URL(path, 'http://server').searchParams.get('task_id');
}

function adminOf({ line }: RecordedRequest): string {
  return `admin-${line}`;
}

/** The token that the note names (recordings hold no tokens), and the shim that is set up for it. */
function callerOf(line: RecordedRequest): { shim: RunningShim; token: Record<string, string> } {
  const shim = line.note.endsWith('no exp') ? lenient : strict;
  const header = line.note.startsWith('auth ') ? headerOf(line) : `Bearer ${tokenFor(adminOf(line))}`;
  return { shim, token: header === undefined ? {} : { Authorization: header } };
}

function headerOf(line: RecordedRequest): string | undefined {
  const admin = adminOf(line);
  const kind = line.note.replace(/^auth (task )?/, '');
  switch (kind) {
    case 'none':
      return undefined;
    case 'no bearer':
      return tokenFor(admin);
    case 'empty bearer':
      return 'Bearer ';
    case 'garbage':
      return 'Bearer garbage';
    case 'two dots':
      return 'Bearer a.b.c';
    case 'basic':
      return 'Basic YWRtaW46YWRtaW4=';
    case 'wrong secret':
      return `Bearer ${sign({ username: admin, exp: inSeconds(60) }, { secret: 'wrong' })}`;
    case 'expired':
      return `Bearer ${tokenFor(admin, { exp: inSeconds(-60) })}`;
    case 'nbf future':
      return `Bearer ${tokenFor(admin, { nbf: inSeconds(3_600) })}`;
    case 'no username':
      return `Bearer ${sign({ exp: inSeconds(60) })}`;
    case 'username int':
      return `Bearer ${tokenFor(5)}`;
    case 'no exp':
      return `Bearer ${sign({ username: admin })}`;
    case 'unknown user':
      return `Bearer ${tokenFor('nobody')}`;
    case 'empty user':
      return `Bearer ${tokenFor('')}`;
    case 'api token like':
      return 'Bearer fns_0123456789abcdef';
    case 'alg none':
      return `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${encode({ username: admin })}.`;
    case 'other admin':
      return `Bearer ${tokenFor(admin)}`;
    default:
      throw new Error(`line ${line.line}: unknown kind of token "${kind}"`);
  }
}

const said = (succeeded: Script['succeeded'], accepted?: Script['accepted'], message?: string): Script => ({
  succeeded,
  ...(accepted && { accepted }),
  ...(message !== undefined && { message }),
});

/**
 * What the controller has to say so that the answer can be the recorded one. The engine's own judgement is
 * tested elsewhere.
 */
function scriptOf({ status, answer }: RecordedRequest): Script {
  const error = answer.error ?? '';
  if (status === 202) {
    return said('Running', 'RecoveryRequired');
  }
  if (error.startsWith('Bootstrap already in progress')) {
    const blockingTaskID = /task_id=([^)]+)/.exec(error)?.[1];
    return {
      ...said('BootstrapInProgress', 'BootstrapInProgress'),
      ...(blockingTaskID && { blockingTaskID }),
    };
  }
  const byText: Readonly<Record<string, Script>> = {
    'Recovery not required: Redis state is already complete and consistent': said(
      'AlreadyConsistent',
      'NotRequired',
    ),
    'Recovery already in progress for this admin and app': said('WaitingForLock', 'RecoveryInProgress'),
    'No persisted root metadata found. Bootstrap must be completed before recovery.': said(
      'SourceNotBootstrapped',
      'NoPersistedRoot',
    ),
    'Failed to evaluate recovery precheck': said('CorruptType', 'Denied'),
    'Failed to determine bootstrap state from persistent metadata': said('SourceAccessDenied'),
    'Failed to acquire recovery lock': said('RedisAccessDenied'),
  };
  // Requests that are refused before a run is created need no script.
  return byText[error] ?? said('Running', 'RecoveryRequired');
}

/**
 * The text of an error is repeated under `message` ({@link DifferenceName} `errorMessage`); the rest is the
 * server's.
 */
function withoutMessage(raw: string): string {
  const excuse: DifferenceName = 'errorMessage';
  const { error, message, ...rest } = JSON.parse(raw) as Record<string, unknown>;
  if (error === undefined) {
    return raw;
  }
  expect(message, excuse).toBe(error);
  expect(rest).toEqual({});
  return raw.replace(/,"message":".*"\}$/, '}');
}

/** Ids and times differ from one recording to the next; the recorder put placeholders for its own folders. */
function withoutIds(raw: string): string {
  return raw
    .replaceAll('\\u003cTMPDIR\\u003e', '<TMPDIR>')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/"last_update":"20\d\d-[^"]*"/g, '"last_update":"<time>"');
}
