import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { type Kind, readKinds, type Schema } from './crd.ts';

/**
 * TypeScript types of the API, one file per CRD, so that the schema stands once.
 *
 * Each kind yields two types, because a default makes them differ: what a person writes
 * (`BootstrapRecoveryManifest`: fields with a default are optional, there is no status) and what the API
 * server returns (`BootstrapRecovery`: defaults filled in).
 */
export async function generateTypes(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const kind of await readKinds()) {
    files.set(`src/api/${kind.singular}.generated.ts`, await typesOf(kind));
  }
  return files;
}

async function typesOf(kind: Kind): Promise<string> {
  const { spec, status } = kind.schema.properties ?? {};
  if (spec === undefined || status === undefined) {
    throw new Error(`${kind.kind} has no spec or no status`);
  }
  const name = kind.kind;
  const apiVersion = `'${kind.group}/${kind.version}'`;
  const interfaces = [
    await interfaceOf(`${name}Spec`, asRead(spec)),
    await interfaceOf(`${name}Status`, asRead(status)),
    await interfaceOf(`${name}ManifestSpec`, asWritten(spec)),
  ];
  return `/* Generated from the CRD by npm run generate: change crds/ instead. */
import type { Condition } from './condition.ts';
import type { ResourceMetadata } from './resource-metadata.ts';

/** ${comment(kind.schema.description)} As the API server returns it: defaults filled in. */
export interface ${name} {
  readonly apiVersion: ${apiVersion};
  readonly kind: '${name}';
  readonly metadata: ResourceMetadata;
  readonly spec: ${name}Spec;
  readonly status: ${name}Status;
}

/** A ${name} as a person writes it: what has a default may be left out. */
export interface ${name}Manifest {
  readonly apiVersion: ${apiVersion};
  readonly kind: '${name}';
  readonly metadata: Partial<ResourceMetadata>;
  readonly spec: ${name}ManifestSpec;
}

${interfaces.join('\n')}`;
}

async function interfaceOf(name: string, schema: JSONSchema): Promise<string> {
  const text = await compile(schema, name, {
    bannerComment: '',
    additionalProperties: false,
    // Bounds are the API server's business; as TypeScript they would become unions of tuples.
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 110 },
  });
  return readonlyMembers(text);
}

/**
 * The compiler knows no readonly. Its members are the only lines that are a name and a colon; comments start
 * with `*`.
 */
function readonlyMembers(text: string): string {
  const lines = text
    .replace(/^( +)(\w+\??: |\[k: string\]: )/gm, '$1readonly $2')
    .replace(/: (\w+\[\];)$/gm, ': readonly $1')
    .split('\n');
  for (const [end, line] of lines.entries()) {
    const indent = /^( +)\}\[\];$/.exec(line)?.[1];
    if (indent === undefined) {
      continue;
    }
    // The list's element type opened on the nearest line above with the same indentation.
    const start = lines.findLastIndex((above, at) => at < end && above.startsWith(`${indent}readonly `));
    lines[start] = lines[start]?.replace(/\{$/, 'readonly {') ?? '';
  }
  return lines.join('\n');
}

/** A field with a default is always there when the object comes from the API server. */
function asRead(schema: Schema): JSONSchema {
  const defaulted = Object.entries(schema.properties ?? {})
    .filter(([, property]) => property.default !== undefined)
    .map(([name]) => name);
  return convert(schema, asRead, [...(schema.required ?? []), ...defaulted]);
}

function asWritten(schema: Schema): JSONSchema {
  return convert(schema, asWritten, schema.required ?? []);
}

function convert(
  schema: Schema,
  recurse: (schema: Schema) => JSONSchema,
  required: readonly string[],
): JSONSchema {
  if (isCondition(schema)) {
    return { tsType: 'Condition' };
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    return { description: schema.description ?? '', tsType: 'number | string' };
  }
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    recurse(property),
  ]);
  return {
    ...(schema.type !== undefined && { type: schema.type }),
    ...(schema.description !== undefined && { description: schema.description }),
    ...(schema.enum !== undefined && { enum: [...schema.enum] }),
    ...(schema.items !== undefined && { items: recurse(schema.items) }),
    ...(schema.properties !== undefined && {
      properties: Object.fromEntries(properties),
      required: [...required],
    }),
    ...(schema.additionalProperties !== undefined && {
      additionalProperties: recurse(schema.additionalProperties),
    }),
  };
}

function isCondition(schema: Schema): boolean {
  return schema.properties?.['lastTransitionTime'] !== undefined;
}

function comment(description: string | undefined): string {
  return (description ?? '').trim();
}
