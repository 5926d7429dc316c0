import express, { type Express, type Request, type Response } from 'express';
import type { Logger } from 'pino';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Tenants } from '../auth/tenants.ts';
import { answerGetTask } from '../get-task.ts';
import { marshalGoJSON } from '../payload/go-json.ts';
import { bindRecoveryPayload } from '../payload/recovery-payload.ts';
import { answerRecover, type RecoverOptions } from '../recover.ts';
import { idempotencyKey } from '../runs/idempotency-key.ts';
import { errorAnswer, type HTTPAnswer, HTTPError } from './answer.ts';
import { cors } from './cors.ts';
import { logFacts, observeRequests } from './observe.ts';
import { openapiDocument } from './openapi.ts';
import { readRequestBody } from './request-body.ts';
import { requestSignal } from './request-signal.ts';
import { type RouteName, routes } from './routes.ts';

/** What the API port serves with. */
export interface AppOptions extends RecoverOptions {
  readonly access: Authorizer;
  readonly tenants: Tenants;
  readonly allowedOrigins: readonly string[];
  readonly logger: Logger;
  readonly version: string;
  /** Whether a token can be verified: the keys of its issuer were read, or are no issuer's. */
  readonly keysRead: () => boolean;
  /** Aborts when the shim is asked to stop: it is no longer ready, but serves whatever still comes. */
  readonly shuttingDown: AbortSignal;
  /** Aborts when it stops: waiting for decisions ends, and connections end with their answer. */
  readonly draining: AbortSignal;
}

/** Answers one request. Refuses by throwing a {@link HTTPError}. */
type Handler = (req: Request, res: Response) => Promise<HTTPAnswer> | HTTPAnswer;

/** The Express application of the API port: every route of the table, and nothing else. */
export function createApp(options: AppOptions): Express {
  const app = express();
  // The server's router tells cases apart, and sends neither of these headers.
  app.enable('case sensitive routing').enable('strict routing');
  app.disable('x-powered-by').disable('etag');
  app.use(observeRequests(options.logger, options.metrics));
  app.use(cors(options.allowedOrigins));
  const handlers = handlersOf(options);
  for (const [name, { method, path }] of Object.entries(routes)) {
    const handler = handlers[name as RouteName]; // Object.entries forgets the names of the keys
    app[method](path, async (req, res) => {
      const answer = await answerOf(handler, req, res);
      // Refused before the body was read, which is not waited for; or the connection is no longer wanted.
      const close = !req.complete || options.draining.aborted;
      send(res, answer, close);
    });
    // What the server's router does with a slash too many.
    app[method](`${path}/`, (req, res) => redirect(req, res, path));
  }
  app.use((_req, res) => {
    // The words of the server's router.
    res.status(404).type('text/plain').send('404 page not found');
  });
  return app;
}

function handlersOf(options: AppOptions): Readonly<Record<RouteName, Handler>> {
  const { access, tenants, recoveries, draining } = options;
  // Made once: however many clients are slow to read it, it is held once.
  const document = Buffer.from(marshalGoJSON(openapiDocument(options.version)));
  return {
    recover: async (req, res) => {
      const admin = await access.admin(req, 'recover');
      const key = idempotencyKey(req);
      const bound = bindRecoveryPayload(await readRequestBody(req, res));
      if (bound.payload === undefined) {
        logFacts(res, { admin });
        return errorAnswer(400, bound.error);
      }
      const request = { ...bound.payload, admin, tenant: tenants.of(admin), idempotencyKey: key };
      const answer = await answerRecover(options, request, () => requestSignal(res, draining));
      logFacts(res, { admin, appName: request.appName, task: answer.headers?.['Location'] });
      return answer;
    },
    task: async (req, res) => {
      const admin = await access.admin(req, 'task');
      logFacts(res, { admin });
      return answerGetTask(recoveries, tenants, admin, queryOf(req).get('task_id'));
    },
    healthz: () => ({ status: 200, body: { status: 'ok' } }),
    readyz: () => {
      const reason = notReadyBecause(options);
      return reason === undefined
        ? { status: 200, body: { status: 'ok' } }
        : { status: 503, body: { status: 'not ready', reason } };
    },
    openapi: () => ({ status: 200, body: document }),
  };
}

function notReadyBecause({ shuttingDown, recoveries, keysRead }: AppOptions): string | undefined {
  if (shuttingDown.aborted) {
    return 'shutting down';
  }
  if (!recoveries.ready) {
    return 'runs are not listed yet';
  }
  return keysRead() ? undefined : 'the signing keys of the token issuer were not read yet, see the log';
}

async function answerOf(handler: Handler, req: Request, res: Response): Promise<HTTPAnswer> {
  try {
    return await handler(req, res);
  } catch (error) {
    if (error instanceof HTTPError) {
      return error.answer;
    }
    // A defect. What it is stays in the log: an answer tells a client nothing of how the shim is made.
    req.log.error({ err: error }, 'a request failed');
    return errorAnswer(500, 'Internal server error');
  }
}

function redirect(req: Request, res: Response, path: string): void {
  const query = req.url.indexOf('?');
  res
    .writeHead(req.method === 'POST' ? 307 : 301, {
      Location: query < 0 ? path : `${path}${req.url.slice(query)}`,
      'Content-Length': 0,
      ...(!req.complete && { Connection: 'close' }),
    })
    .end();
}

/**
 * Not by Express' own `send`: of what that looks after (ETags, charsets, freshness), nothing is wanted here.
 */
function send(res: Response, { status, body, headers }: HTTPAnswer, close: boolean): void {
  const text = Buffer.isBuffer(body) ? body : marshalGoJSON(body);
  res
    .writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...(close && { Connection: 'close' }),
      ...headers,
    })
    .end(text);
}

/** The query, first value of each name; the base only completes the URL. */
function queryOf(req: Request): URLSearchParams {
  return new URLSearchParams(req.url.split('?').slice(1).join('?'));
}
