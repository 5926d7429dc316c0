import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** A structural schema, as far as the generators read it. */
export interface Schema {
  /** Absent with `x-kubernetes-int-or-string`. */
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly description?: string;
  readonly priority?: number;
}

/** One kind of the API, read from its CRD. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly singular: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly columns: readonly PrinterColumn[];
  readonly schema: Schema;
}

/** The parts of a CustomResourceDefinition manifest that are read. */
interface Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: Pick<Kind, 'kind' | 'singular' | 'plural' | 'shortNames'>;
    readonly versions: readonly {
      readonly name: string;
      readonly additionalPrinterColumns: readonly PrinterColumn[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** Every kind under crds/, by file name. */
export async function readKinds(): Promise<readonly Kind[]> {
  const files = (await readdir('crds')).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(files.map(async (file) => kindOf(await readFile(`crds/${file}`, 'utf8'), file)));
}

function kindOf(text: string, file: string): Kind {
  // The API server judges these files in the tests; here their shape is taken as given.
  const { spec } = parse(text) as Manifest;
  const [version] = spec.versions;
  if (version === undefined) {
    throw new Error(`crds/${file} has no version`);
  }
  return {
    ...spec.names,
    group: spec.group,
    version: version.name,
    columns: version.additionalPrinterColumns,
    schema: version.schema.openAPIV3Schema,
  };
}
