import type { Kind, Schema } from './crd.ts';

/** A JSON schema, as far as it is written here. */
type JSONSchema = Readonly<Record<string, unknown>>;

/** Keywords that JSON schema has, too. The others are Kubernetes' own, or said in the description. */
const shared = [
  'type',
  'description',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'maxLength',
  'maxItems',
  'maxProperties',
  'required',
] as const;

const text: JSONSchema = { type: 'string' };
const time: JSONSchema = { type: 'string', format: 'date-time' };
const whole: JSONSchema = { type: 'integer' };
const texts: JSONSchema = { type: 'object', additionalProperties: text };

/** What the API server adds to a name. `managedFields` is left out of every output. */
const storedMetadata = closed(
  {
    name: text,
    generateName: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: whole,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: whole,
    finalizers: { type: 'array', items: text },
    labels: texts,
    annotations: texts,
    ownerReferences: {
      type: 'array',
      items: closed(
        {
          apiVersion: text,
          kind: text,
          name: text,
          uid: text,
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
        ['apiVersion', 'kind', 'name', 'uid'],
      ),
    },
  },
  ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'],
);

const newMetadata = closed({ name: text, namespace: text }, ['name', 'namespace']);

/** An object of a custom resource as the API server holds it, without fields that its CRD does not know. */
export function objectSchema(kind: Kind): JSONSchema {
  return customResource(kind, storedMetadata, ['spec', 'status']);
}

/** An object of a custom resource that is to be applied: nothing but what a person would write. */
export function manifestSchema(kind: Kind): JSONSchema {
  return customResource(kind, newMetadata, ['spec']);
}

/** A Secret that is to be applied. */
export const secretSchema: JSONSchema = closed(
  {
    apiVersion: { const: 'v1' },
    kind: { const: 'Secret' },
    metadata: newMetadata,
    data: { ...texts, description: 'Base64.' },
  },
  ['apiVersion', 'kind', 'metadata', 'data'],
);

/** A list of objects, as `kubectl get -o json` prints it. */
export function listSchema(items: readonly JSONSchema[]): JSONSchema {
  return closed(
    {
      apiVersion: { const: 'v1' },
      kind: { const: 'List' },
      items: { type: 'array', items: { anyOf: items } },
    },
    ['apiVersion', 'kind', 'items'],
  );
}

function customResource(
  { group, version, kind, schema }: Kind,
  metadata: JSONSchema,
  parts: readonly ('spec' | 'status')[],
): JSONSchema {
  const own = parts.map((part) => [part, strict(schema.properties?.[part] ?? {})]);
  return closed(
    {
      apiVersion: { const: `${group}/${version}` },
      kind: { const: kind },
      metadata,
      ...Object.fromEntries(own),
    },
    ['apiVersion', 'kind', 'metadata', ...parts],
  );
}

/** The structural schema as JSON schema: an object holds the fields it names and no other. */
function strict(schema: Schema): JSONSchema {
  const { properties, items, additionalProperties } = schema;
  return {
    ...Object.fromEntries(shared.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]]))),
    ...(schema['x-kubernetes-int-or-string'] === true && { type: ['integer', 'string'] }),
    // What counts bits of a number means nothing to JSON schema.
    ...(schema.format === 'date-time' && { format: schema.format }),
    ...(items !== undefined && { items: strict(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: strict(additionalProperties) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, strict(each)])),
      additionalProperties: false,
    }),
  };
}

function closed(properties: JSONSchema, required: readonly string[]): JSONSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}
