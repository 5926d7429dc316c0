import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import type { ShimMetrics } from '../metrics.ts';
import { type Route, routes } from './routes.ts';

/** What the log says about a request beside method, path and status. */
export interface RequestFacts {
  readonly admin: string;
  readonly appName?: string;
  /** `Location` of the answer. */
  readonly task?: string | undefined;
}

/** Adds facts to the line that is logged for the request. */
export function logFacts(res: Response, facts: RequestFacts): void {
  res.locals['facts'] = facts;
}

function factsOf(res: Response): RequestFacts | undefined {
  return res.locals['facts'] as RequestFacts | undefined; // locals are untyped; only logFacts() writes this one
}

/** Probes come every few seconds; their outcome is in the metrics. */
const UNLOGGED: ReadonlySet<string> = new Set([routes.healthz.path, routes.readyz.path]);

/**
 * Logs each request, once, when it is answered, and counts it. Headers and query are never logged, so neither
 * are tokens; the redaction is for the day when a header is added to the serializer.
 */
export function observeRequests(logger: Logger, metrics: ShimMetrics): RequestHandler {
  const table: readonly Route[] = Object.values(routes);
  const paths: ReadonlySet<string> = new Set(table.map((route) => route.path));
  const log = pinoHttp<Request, Response>({
    logger,
    redact: ['req.headers', 'res.headers'],
    genReqId: (req) => requestID(req.headers['x-request-id']),
    wrapSerializers: false,
    serializers: {
      req: ({ id, method, url }: Request) => ({ id, method, path: pathOf(url) }),
      res: ({ statusCode }: Response) => ({ statusCode }),
    },
    customSuccessMessage: (_req, res) => messageOf(res),
    customErrorMessage: (_req, res) => messageOf(res),
    // For 5xx it would log an error of its own making, with a stack that says nothing.
    customErrorObject: (_req, res, _error, { responseTime }) => ({ res, responseTime, ...factsOf(res) }),
    customSuccessObject: (_req, res, { responseTime }) => ({ res, responseTime, ...factsOf(res) }),
    customLogLevel: (_req, { statusCode }) => (statusCode >= 500 ? 'error' : 'info'),
    autoLogging: { ignore: (req) => UNLOGGED.has(pathOf(req.url)) },
  });
  return (req, res, next) => {
    const path = pathOf(req.url);
    const route = paths.has(path) ? path : 'unmatched';
    const stop = metrics.duration.startTimer({ route });
    metrics.inFlight.inc();
    res.once('close', () => {
      metrics.inFlight.dec();
      stop();
      const code = res.writableFinished ? res.statusCode : 'aborted';
      metrics.requests.inc({ route, method: req.method, code });
    });
    log(req, res);
    res.set('X-Request-Id', String(req.id));
    next();
  };
}

function messageOf(res: Response): string {
  return res.writableEnded ? 'request answered' : 'the client hung up before the answer';
}

/** A caller's own request id, if it is harmless in a log; otherwise a new one. */
function requestID(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
