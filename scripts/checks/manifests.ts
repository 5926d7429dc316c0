import { parseAllDocuments } from 'yaml';
import type { Page } from './markdown.ts';
import type { Problem } from './problem.ts';

/** The part of an OpenAPI schema that is checked. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
}

/** A CustomResourceDefinition, as far as it is read. */
export interface CRD {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/**
 * Every YAML block that does not parse, and every manifest of our own kinds that the API server would not
 * understand.
 */
export function wrongManifests(pages: ReadonlyMap<string, Page>, crds: readonly CRD[]): readonly Problem[] {
  const groups = new Set(crds.map(({ spec }) => spec.group));
  const schemas = new Map(
    crds.flatMap(({ spec: { group, names, versions } }) =>
      versions.map(({ name, schema }) => [`${group}/${name} ${names.kind}`, schema.openAPIV3Schema] as const),
    ),
  );
  const problems: Problem[] = [];
  for (const [file, { fences }] of pages) {
    for (const { code, line } of fences.filter(({ language }) => language === 'yaml')) {
      for (const document of parseAllDocuments(code)) {
        const [error] = document.errors;
        const found = error === undefined ? mistakes(document.toJS(), groups, schemas) : [error.message];
        problems.push(...found.map((what) => ({ file, line, what })));
      }
    }
  }
  return problems;
}

function mistakes(
  manifest: unknown,
  groups: ReadonlySet<string>,
  schemas: ReadonlyMap<string, Schema>,
): readonly string[] {
  if (!isObject(manifest) || typeof manifest['apiVersion'] !== 'string') {
    return [];
  }
  const { apiVersion, kind, spec } = manifest;
  if (!groups.has(apiVersion.split('/')[0] ?? '')) {
    return [];
  }
  const schema = schemas.get(`${apiVersion} ${String(kind)}`)?.properties?.['spec'];
  if (schema === undefined) {
    return [`there is no kind ${String(kind)} in ${apiVersion}`];
  }
  return unlike(spec ?? {}, schema, 'spec');
}

/**
 * Names that do not exist, values outside an enum, and required fields that are missing. Bounds are the API
 * server's.
 */
function unlike(value: unknown, schema: Schema, path: string): readonly string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? [`${path} is no list`]
      : value.flatMap((each, index) => unlike(each, items, `${path}[${index}]`));
  }
  if (isObject(value)) {
    return unlikeObject(value, schema, path);
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    return [`${path} is "${String(value)}", none of ${schema.enum.join(', ')}`];
  }
  return [];
}

function unlikeObject(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, additionalProperties, required = [] }: Schema,
  path: string,
): readonly string[] {
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${path} lacks ${name}`);
  const unknown = Object.entries(value).flatMap(([name, each]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (schema === undefined || schema === false) {
      return [`${path} has no field ${name}`];
    }
    return schema === true ? [] : unlike(each, schema, `${path}.${name}`);
  });
  return [...missing, ...unknown];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
