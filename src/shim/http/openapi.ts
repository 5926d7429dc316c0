import * as z from 'zod';
import { type Route, type RouteResponse, routes } from './routes.ts';

/** The OpenAPI 3.1 document of the API port, made from the route table and the schemas. */
export function openapiDocument(version: string): Readonly<Record<string, unknown>> {
  const table: readonly Route[] = Object.values(routes);
  return {
    openapi: '3.1.1',
    info: {
      title: 'tuf-recovery-operator HTTP shim',
      version,
      summary: "A drop-in for the server's TUF bootstrap recovery route.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // The address is the ingress's business; paths are the server's own.
    servers: [{ url: '/' }],
    paths: Object.fromEntries(table.map((route) => [route.path, { [route.method]: operation(route) }])),
    components: {
      schemas: componentSchemas(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operation(route: Route): Readonly<Record<string, unknown>> {
  const { operationId, summary, parameters, requestBody, responses, cost } = route;
  return {
    operationId,
    summary,
    security: cost > 0 ? [{ bearer: [] }] : [],
    parameters: parameters.map((parameter) => ({ ...parameter, schema: { type: 'string' } })),
    ...(requestBody && { requestBody: { required: true, content: content(requestBody) } }),
    responses: Object.fromEntries(Object.entries(responses).map(([code, entry]) => [code, response(entry)])),
  };
}

function response({ description, schema, headers }: RouteResponse): Readonly<Record<string, unknown>> {
  const documented = Object.entries(headers ?? {}).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  return {
    description,
    ...(headers && { headers: Object.fromEntries(documented) }),
    ...(schema && { content: content(schema) }),
  };
}

function content(schema: z.ZodType): Readonly<Record<string, unknown>> {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${idOf(schema)}` } } };
}

function componentSchemas(): Readonly<Record<string, unknown>> {
  const used = Object.values<Route>(routes).flatMap((route) => [
    route.requestBody,
    ...Object.values(route.responses).map((entry) => entry.schema),
  ]);
  const schemas = [...new Set(used)].filter((schema) => schema !== undefined);
  return Object.fromEntries(
    schemas.map((schema) => {
      const { $schema, id, ...rest } = z.toJSONSchema(schema, { io: 'input' });
      return [idOf(schema), rest];
    }),
  );
}

function idOf(schema: z.ZodType): string {
  const id = schema.meta()?.id;
  if (id === undefined) {
    throw new TypeError('a schema of the route table has no id');
  }
  return id;
}
