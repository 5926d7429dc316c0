import type * as z from 'zod';
import { errorBody, healthBody, recoveryAccepted, recoveryRequest, taskBody } from './schemas.ts';

/** What can be answered with one status code. */
export interface RouteResponse {
  readonly description: string;
  readonly schema: z.ZodType | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route: what is served, documented and measured comes from here. */
export interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** Tokens it takes from the caller's rate limit; none for routes without a caller. */
  readonly cost: number;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: 'query' | 'header';
    readonly required: boolean;
    readonly description: string;
  }[];
  readonly requestBody?: z.ZodType;
  readonly responses: Readonly<Record<number, RouteResponse>>;
}

const error = (description: string, headers?: RouteResponse['headers']): RouteResponse => ({
  description,
  schema: errorBody,
  ...(headers && { headers }),
});

const retryAfter = { 'Retry-After': 'Seconds to wait before the next try.' };

const callerErrors = {
  401: error('No token, an invalid or revoked one, or a user the server does not know.'),
  403: error('The caller may not do this.'),
  429: error('Too many requests in the last minute, or too many unfinished recoveries.', retryAfter),
  500: error('A defect of the shim, or Redis refuses the controller for good.'),
  503: error('The Kubernetes API, the token issuer, the server or the storage is not available.', {
    'Retry-After': 'Seconds to wait before the next try; absent when waiting does not help.',
  }),
} as const;

/** The routes of the API port. */
export const routes = {
  recover: {
    method: 'post',
    path: '/tuf/v1/bootstrap/recovery',
    operationId: 'recoverBootstrap',
    summary: "Rebuild an app's lost bootstrap settings.",
    cost: 10,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        description:
          'The same key again gives the task of the first request instead of a second one. 1 to 255 visible characters.',
      },
    ],
    requestBody: recoveryRequest,
    responses: {
      202: {
        description:
          'Accepted, or not decided yet: the task is recorded, and a controller works on it as soon as one is running.',
        schema: recoveryAccepted,
        headers: { Location: 'Path of the task.' },
      },
      400: error('The body is not valid.'),
      409: error('Nothing to recover, or another task is at work on the app.'),
      413: error('The body is larger than 16 KiB.'),
      415: error('The body is compressed.'),
      422: error('The Idempotency-Key was used for another app.'),
      ...callerErrors,
    },
  },
  task: {
    method: 'get',
    path: '/tuf/v1/task',
    operationId: 'getTask',
    summary: 'State of a recovery.',
    cost: 1,
    parameters: [
      {
        name: 'task_id',
        in: 'query',
        required: true,
        description: 'From the answer to the recovery request.',
      },
    ],
    responses: {
      200: { description: 'Its state; PENDING without a result when the id is not known.', schema: taskBody },
      400: error('No task_id.'),
      ...callerErrors,
    },
  },
  healthz: {
    method: 'get',
    path: '/healthz',
    operationId: 'healthz',
    summary: 'The process is alive.',
    cost: 0,
    parameters: [],
    responses: { 200: { description: 'It is.', schema: healthBody } },
  },
  readyz: {
    method: 'get',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Requests can be served.',
    cost: 0,
    parameters: [],
    responses: {
      200: { description: 'They can be.', schema: healthBody },
      503: { description: 'Not yet, or no longer; `reason` says why.', schema: healthBody },
    },
  },
  openapi: {
    method: 'get',
    path: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document.',
    cost: 0,
    parameters: [],
    responses: { 200: { description: 'OpenAPI 3.1.', schema: undefined } },
  },
} as const satisfies Record<string, Route>;

/** Name of a route of the table. */
export type RouteName = keyof typeof routes;
