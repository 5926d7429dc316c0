import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { gitopsHealth } from '../examples/gitops-health.ts';
import { asset } from '../harness/assets.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { EVERYTHING, type Rendered, render } from './helm.ts';

/** Kinds whose CRDs other projects bring. */
const foreign = new Set(['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'HTTPRoute']);

let objects: readonly Rendered[];

beforeAll(async () => {
  objects = [
    ...(await render(...EVERYTHING)),
    ...(await render('monitoring.podMonitor.enabled=true')).filter(({ kind }) => kind === 'PodMonitor'),
  ];
});

test('kubeconform finds every object strictly valid against the schemas of the API server', async () => {
  await using directory = await temporaryDirectory('schemas');
  await writeSchemas(directory.path);
  const native = objects.filter(({ kind }) => !foreign.has(kind));
  const location = join(directory.path, '{{.Group}}', '{{.ResourceAPIVersion}}', '{{.ResourceKind}}.json');
  const output = await kubeconform(
    ['-strict', '-summary', '-output=json', `-schema-location=${location}`, '-'],
    native.map((object) => JSON.stringify(object)).join('\n---\n'),
  );
  const { summary } = JSON.parse(output);
  expect(summary).toEqual({ valid: native.length, invalid: 0, errors: 0, skipped: 0 });
});

describe("an object for another project is one by that project's own types:", () => {
  test.each([...foreign])('%s', async (kind) => {
    const object = objects.find((each) => each.kind === kind);
    expect(object, `${kind} is rendered`).toBeDefined();
    await expect(gitopsHealth(['decode'], object)).resolves.toMatchObject({ status: 'Valid' });
  });

  test('a field that does not exist there is found', async () => {
    const object = objects.find(({ kind }) => kind === 'HTTPRoute');
    const wrong = { ...object, spec: { parentRef: [] } };
    await expect(gitopsHealth(['decode'], wrong)).rejects.toThrow(/unknown field "parentRef"/);
  });
});

test('what the PrometheusRule holds is the rule file that is unit-tested', () => {
  const rule = objects.find(({ kind }) => kind === 'PrometheusRule');
  expect(JSON.stringify(rule)).toContain('TUFRecoveryUntrustedMetadata');
  expect(JSON.stringify(rule), "Prometheus' own templates survive Helm").toContain('{{ $labels.reason }}');
});

test('the dashboard arrives in its ConfigMap as valid JSON', () => {
  const map = objects.find(({ metadata }) => metadata.name.endsWith('-dashboard'));
  const { 'tuf-recovery.json': json = '' } = (map?.['data'] ?? {}) as Record<string, string>;
  expect(JSON.parse(json)).toMatchObject({ uid: 'tuf-recovery' });
});

/**
 * JSON schemas for kubeconform from the API server's own OpenAPI v3 documents, one file a kind, with unknown
 * fields refused. So they are those of exactly the version that is tested against; other minors' are not to
 * be had offline.
 */
async function writeSchemas(directory: string): Promise<void> {
  const cluster = await sharedAPIServer();
  const groups = [
    'apis/admissionregistration.k8s.io/v1',
    'api/v1',
    'apis/autoscaling/v2',
    ...['apps', 'policy', 'networking.k8s.io', 'rbac.authorization.k8s.io', 'apiextensions.k8s.io'].map(
      (group) => `apis/${group}/v1`,
    ),
  ];
  for (const path of groups) {
    const { components }: OpenApi = JSON.parse(
      await cluster.kubectl(['get', '--raw', `/openapi/v3/${path}`]),
    );
    const definitions = Object.fromEntries(
      Object.entries(components.schemas).map(([name, schema]) => [name, strict(schema)]),
    );
    for (const [name, schema] of Object.entries(components.schemas)) {
      for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
        // What kubeconform takes for the group of a core kind is its version.
        const folder = join(directory, group === '' ? version : group, version);
        await mkdir(folder, { recursive: true });
        const file = join(folder, `${kind.toLowerCase()}.json`);
        await writeFile(file, JSON.stringify({ $ref: `#/definitions/${name}`, definitions }));
      }
    }
  }
}

interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Schema {
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

/** OpenAPI 3.0 made JSON schema: references, and no fields beside those that are declared. */
function strict(schema: Schema): unknown {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    if ('$ref' in value && typeof value.$ref === 'string') {
      return { $ref: value.$ref.replace('#/components/schemas/', '#/definitions/') };
    }
    const closed = 'properties' in value && !('additionalProperties' in value);
    const open = 'x-kubernetes-preserve-unknown-fields' in value;
    return closed && !open ? { ...value, additionalProperties: false } : value;
  });
}

function kubeconform(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      asset('kubeconform'),
      [...args],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error) {
          reject(new Error(`kubeconform: ${stdout}${stderr}`, { cause: error }));
        } else {
          resolve(stdout);
        }
      },
    );
    child.stdin?.end(input);
  });
}
