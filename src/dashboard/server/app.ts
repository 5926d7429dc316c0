import type { ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import type { Clock } from '../../async/clock.ts';
import { errorMessage } from '../../errors.ts';
import { EventStream } from './event-stream.ts';
import { type GuardOptions, requestRefusal } from './guard.ts';
import { securityHeaders } from './headers.ts';
import type { PageFile } from './page-files.ts';
import { type ApprovalRequest, approvalRequest, type ViewQuery, viewQueryOf } from './queries.ts';

/** What the dashboard answers requests with. */
export interface DashboardAppOptions {
  /** Known once the server listens. */
  readonly guard: () => GuardOptions;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly model: (query: ViewQuery) => unknown;
  readonly onChange: (listener: () => void) => () => void;
  /** Approves a plan, as the person whose kubeconfig it is. Its errors are shown to that person. */
  readonly approve: (request: ApprovalRequest) => Promise<void>;
  readonly clock: Clock;
  /** Ends the streams. */
  readonly signal: AbortSignal;
}

/** Pages that may be open at once: each costs a model every second. */
const MOST_STREAMS = 32;
/** An approval has three short members. */
const MOST_BODY_BYTES = 4_096;

/** The Express application of the dashboard: the page's files, its stream of events, and approvals. */
export function createDashboardApp(options: DashboardAppOptions): Express {
  const app = express();
  app.enable('case sensitive routing').enable('strict routing');
  app.disable('x-powered-by').disable('etag');
  let streams = 0;

  app.use((req, res, next) => {
    res.set(securityHeaders);
    const refusal = requestRefusal(req, options.guard());
    if (refusal === undefined) {
      next();
    } else {
      plain(res, refusal.status, refusal.text);
    }
  });

  app.get('/:token/events', async (req, res) => {
    const query = viewQueryOf(new URLSearchParams(req.url.split('?').slice(1).join('?')));
    if (query === undefined) {
      plain(res, 400, 'There is no such view.');
      return;
    }
    if (streams >= MOST_STREAMS) {
      plain(res, 503, `${MOST_STREAMS} pages are open already. Close one.`);
      return;
    }
    streams += 1;
    try {
      await stream(res, query, options);
    } finally {
      streams -= 1;
    }
  });

  const json = express.json({ limit: MOST_BODY_BYTES, strict: true, inflate: false });
  app.post('/:token/approve', json, async (req, res) => {
    const parsed = approvalRequest.safeParse(req.body);
    if (!parsed.success) {
      res.status(400).json({ error: 'This is no approval.' });
      return;
    }
    try {
      await options.approve(parsed.data);
      res.status(200).json({});
    } catch (error) {
      // What the cluster refuses, the person has to hear; it is said to no one else.
      res.status(409).json({ error: errorMessage(error) });
    }
  });

  app.get('/:token/{:file}', (req: Request<{ file?: string }>, res) => {
    const file = options.page.get(req.params.file ?? '');
    if (file === undefined) {
      plain(res, 404, 'There is no such file.');
    } else {
      res.type(file.type).send(file.body);
    }
  });

  app.use((_req: Request, res: Response) => plain(res, 404, 'There is no such page.'));
  // A body that is too large or no JSON. Express knows an error handler by its four parameters.
  app.use((_error: unknown, _req: Request, res: Response, _next: unknown) =>
    plain(res, 400, "The request can't be read."),
  );
  return app;
}

async function stream(
  res: ServerResponse,
  query: ViewQuery,
  { model, ...options }: DashboardAppOptions,
): Promise<void> {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  await new EventStream(res, { ...options, model: () => model(query) }).run();
}

function plain(res: Response, status: number, text: string): void {
  res.status(status).type('text/plain').send(`${text}\n`);
}
