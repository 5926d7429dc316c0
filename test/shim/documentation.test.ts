import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateHTTPReference } from '../../scripts/generate/http.ts';
import { differences } from '../../scripts/generate/http-differences.ts';
import { routes } from '../../src/shim/http/routes.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';

/** The parts of the samples that are checked. */
interface IngressSample {
  readonly spec: {
    readonly rules: readonly {
      readonly http: {
        readonly paths: readonly {
          readonly path: string;
          readonly pathType: string;
          readonly backend: { readonly service: { readonly name: string } };
        }[];
      };
    }[];
  };
}
interface HTTPRouteSample {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly rules: readonly {
      readonly matches: readonly { readonly path: unknown }[];
      readonly backendRefs: readonly { readonly name: string }[];
    }[];
  };
}

let cluster: APIServerAccess;
beforeAll(async () => {
  cluster = await sharedAPIServer();
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('the routing samples', () => {
  test('the Ingress is valid, and sends exactly the recovery path to the shim and the rest to the server', async () => {
    const text = await readFile('examples/routing/ingress.yaml', 'utf8');
    await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename=-'], {
      input: text,
    });
    const { spec } = parse(text) as IngressSample;
    const paths = spec.rules.flatMap(({ http }) =>
      http.paths.map(({ path, pathType, backend }) => [path, pathType, backend.service.name]),
    );
    expect(paths).toEqual([
      [routes.recover.path, 'Exact', 'tuf-recovery-shim'],
      ['/', 'Prefix', 'faynosync'],
    ]);
    expect(text).toContain(`# - path: ${routes.task.path}\n`);
  });

  test('so does the HTTPRoute', async () => {
    const text = await readFile('examples/routing/httproute.yaml', 'utf8');
    const { kind, apiVersion, spec } = parse(text) as HTTPRouteSample;
    expect([apiVersion, kind]).toEqual(['gateway.networking.k8s.io/v1', 'HTTPRoute']);
    const rules = spec.rules.map(({ matches, backendRefs }) => [matches[0]?.path, backendRefs[0]?.name]);
    expect(rules).toEqual([
      [{ type: 'Exact', value: routes.recover.path }, 'tuf-recovery-shim'],
      [{ type: 'PathPrefix', value: '/' }, 'faynosync'],
    ]);
    expect(text).toContain(`#         value: ${routes.task.path}\n`);
  });
});

test('the reference page is up to date and names every route and every difference', async () => {
  const generated = (await generateHTTPReference()).get('docs/reference/http.md');
  expect(await readFile('docs/reference/http.md', 'utf8')).toBe(generated);
  for (const { path } of Object.values(routes)) {
    expect(generated).toContain(path);
  }
  for (const { what } of Object.values(differences)) {
    expect(generated).toContain(what);
  }
  expect(generated).not.toContain('{{');
});
