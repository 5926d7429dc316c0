import { readKinds, type Schema } from './crd.ts';

/** The limits of every status, from the CRDs: what the controllers cut text from outside to. */
export async function generateStatusBounds(): Promise<ReadonlyMap<string, string>> {
  const bounds: Record<string, unknown> = {};
  for (const { kind, schema } of await readKinds()) {
    const status = schema.properties?.['status'];
    if (status === undefined) {
      throw new Error(`${kind} has no status`);
    }
    bounds[kind] = boundsOf(status);
  }
  const text = `/* Generated from the CRDs by npm run generate: change crds/ instead. */
import type { Bounds } from './bounds.ts';

/** What the API server admits in the status of each kind. */
export const statusBounds = ${JSON.stringify(bounds, undefined, 2)} as const satisfies Readonly<Record<string, Bounds>>;
`;
  return new Map([['src/api/status-bounds.generated.ts', text]]);
}

function boundsOf(schema: Schema): unknown {
  const { type, maxLength, maxItems, minimum, maximum, pattern, format, required, items, properties } =
    schema;
  if (schema.additionalProperties !== undefined) {
    throw new Error('a status has a map: teach src/api/bounds.ts to bound it');
  }
  return {
    type,
    maxLength,
    maxItems,
    minimum,
    maximum,
    pattern,
    format: format === 'date-time' ? format : undefined,
    enum: schema.enum,
    required,
    items: items && boundsOf(items),
    properties:
      properties &&
      Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, boundsOf(property)])),
  };
}
