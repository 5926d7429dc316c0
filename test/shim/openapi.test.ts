import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { openapiDocument } from '../../src/shim/http/openapi.ts';
import { type Route, type RouteName, routes } from '../../src/shim/http/routes.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs, type RunningShim, startShim } from './support/running-shim.ts';
import { ScriptedController } from './support/scripted-controller.ts';
import { tokenFor } from './support/tokens.ts';

const table: readonly (readonly [string, Route])[] = Object.entries<Route>(routes);

let cluster: APIServerAccess;
let controller: ScriptedController;
let shim: RunningShim;
beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
  const namespace = await cluster.createNamespace('openapi');
  controller = new ScriptedController(cluster, namespace, ({ spec }) =>
    spec.appName === 'healthy'
      ? { accepted: 'NotRequired', succeeded: 'AlreadyConsistent' }
      : { accepted: 'RecoveryRequired', succeeded: 'Running' },
  );
  shim = await startShim(cluster, namespace, { allowedOrigins: ['https://dashboard.example'] });
});
afterAll(async () => {
  await shim[Symbol.asyncDispose]();
  await controller[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const headers = (): Record<string, string> => ({ Authorization: `Bearer ${tokenFor('alice')}` });

describe('the OpenAPI document', () => {
  test('is served, and is the one made from the table', async () => {
    const served: unknown = await (await fetch(`${shim.url}/openapi.json`)).json();
    expect(served).toEqual(openapiDocument('0.0.0-test'));
    expect(served).toMatchObject({ openapi: '3.1.1', info: { version: '0.0.0-test' } });
  });

  test('names every route that is served, and only those', async () => {
    const paths = openapiDocument('1')['paths'] as Record<string, Record<string, unknown>>;
    expect(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      ),
    ).toEqual(table.map(([, { method, path }]) => `${method} ${path}`));
    for (const [, { method, path }] of table) {
      const response = await fetch(`${shim.url}${path}`, { method: method.toUpperCase() });
      expect(response.status, path).not.toBe(404);
    }
  });

  test('refers only to schemas it holds, and each of them is a valid one', () => {
    const document = openapiDocument('1');
    const { schemas } = document['components'] as { schemas: Record<string, object> };
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      (match) => match[1],
    );
    expect(references.length).toBeGreaterThan(10);
    expect(new Set(references)).toEqual(new Set(Object.keys(schemas)));
    for (const schema of Object.values(schemas)) {
      expect(() => z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])).not.toThrow();
    }
  });

  test('has security where a token is needed and nowhere else', async () => {
    const paths = openapiDocument('1')['paths'] as Record<string, Record<string, { security: unknown[] }>>;
    for (const [, { method, path }] of table) {
      const response = await fetch(`${shim.url}${path}`, { method: method.toUpperCase() });
      expect(paths[path]?.[method]?.security.length === 1, path).toBe(response.status === 401);
    }
  });
});

describe('what is answered is what is documented', () => {
  const recovery = (body: string, extra: Record<string, string> = {}): RequestInit => ({
    method: 'POST',
    headers: { ...headers(), ...extra },
    body,
  });
  const cases: readonly (readonly [string, RouteName, number, string, () => RequestInit])[] = [
    ['a recovery', 'recover', 202, '', () => recovery('{"appName":"deleg"}')],
    ['a second one', 'recover', 409, '', () => recovery('{"appName":"deleg"}')],
    ['a needless one', 'recover', 409, '', () => recovery('{"appName":"healthy"}')],
    ['a bad body', 'recover', 400, '', () => recovery('{')],
    ['a big body', 'recover', 413, '', () => recovery('x'.repeat(20_000))],
    ['a compressed body', 'recover', 415, '', () => recovery('x', { 'Content-Encoding': 'gzip' })],
    ['no token', 'recover', 401, '', () => ({ method: 'POST' })],
    ['a task', 'task', 200, '?task_id=x', () => ({ headers: headers() })],
    ['a task without id', 'task', 400, '', () => ({ headers: headers() })],
    ['a task without token', 'task', 401, '?task_id=x', () => ({})],
    ['health', 'healthz', 200, '', () => ({})],
    ['readiness', 'readyz', 200, '', () => ({})],
  ];
  test.for(cases)('%s', async ([, name, status, query, init]) => {
    const route: Route = routes[name];
    const response = await fetch(`${shim.url}${route.path}${query}`, init());
    expect(response.status).toBe(status);
    const documented = route.responses[status];
    expect(documented?.schema?.safeParse(await response.json()).error).toBeUndefined();
    for (const header of Object.keys(documented?.headers ?? {})) {
      expect(response.headers.has(header), header).toBe(true);
    }
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-powered-by')).toBeNull();
  });
});

describe('a dashboard on another origin', () => {
  test('may call when it is allowed to, with the preflight the server answers', async () => {
    const preflight = await fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://dashboard.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    const refused = await fetch(`${shim.url}/tuf/v1/task`, {
      headers: { Origin: 'https://dashboard.example' },
    });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://dashboard.example');
  });

  test('gets no permission otherwise', async () => {
    for (const origin of ['https://evil.example', 'null', 'https://dashboard.example.evil']) {
      const response = await fetch(`${shim.url}/tuf/v1/task`, {
        method: 'OPTIONS',
        headers: { Origin: origin },
      });
      expect(response.status).toBe(204);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

test('requests are counted by route, and an unknown path cannot make a new label', async () => {
  await fetch(`${shim.url}/tuf/v1/task?task_id=secret-id`, { headers: headers() });
  await fetch(`${shim.url}/made/up/path`);
  const metrics = await (await fetch(shim.metricsURL)).text();
  expect(metrics).toMatch(
    /bootstrap_recovery_shim_requests_total\{route="\/tuf\/v1\/task",method="GET",code="200"\} \d+/,
  );
  expect(metrics).toMatch(/requests_total\{route="unmatched",method="GET",code="404"\} \d+/);
  expect(metrics).toContain(
    'bootstrap_recovery_shim_request_duration_seconds_bucket{le="0.5",route="/tuf/v1/task"}',
  );
  expect(metrics).not.toMatch(/made\/up|secret-id/);
  expect(shim.log()).not.toContain('secret-id');
});
