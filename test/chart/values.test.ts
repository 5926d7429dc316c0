import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHART, EVERYTHING, helm, render } from './helm.ts';

const shim = ['shim.enabled=true', 'shim.auth.sharedSecret.existingSecret=s', 'shim.admins.names={alice}'];

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

describe('values.yaml, its schema and the templates know the same values:', () => {
  test('what the schema allows has a default, and what has a default is in the schema', async () => {
    const schema: Schema = JSON.parse(await readFile(`${CHART}/values.schema.json`, 'utf8'));
    const values: unknown = parse(await readFile(`${CHART}/values.yaml`, 'utf8'));
    const allowed: string[] = [];
    const visit = (node: Schema, value: unknown, path: string): void => {
      const resolved = schema.$defs?.[node.$ref?.replace('#/$defs/', '') ?? ''] ?? node;
      allowed.push(path);
      const defaults = Object.entries(value ?? {});
      for (const [name, below] of Object.entries(resolved.properties ?? {})) {
        const found = defaults.find(([key]) => key === name);
        // The times of a probe and the kinds of resources have defaults in Kubernetes.
        if (found === undefined && /(Probe|resources|dnsConfig|\])$/.test(path)) {
          continue;
        }
        expect(found, `${path}.${name} has a default`).toBeDefined();
        visit(below, found?.[1], `${path}.${name}`);
      }
    };
    visit(schema, values, '');
    const given: string[] = [];
    const list = (value: unknown, path: string): void => {
      given.push(path);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        for (const [name, below] of Object.entries(value)) {
          list(below, `${path}.${name}`);
        }
      }
    };
    list(values, '');
    const free = /(ecurityContext|\.resources\.\w+|\.labels)\./;
    expect(given.filter((path) => !allowed.includes(path) && !free.test(path))).toEqual([]);
  });

  test('every value is used by a template', async () => {
    const files = await readdir(`${CHART}/templates`, { recursive: true });
    const templates = await Promise.all(
      files
        .filter((file) => /\.(tpl|yaml|txt)$/.test(file))
        .map((file) => readFile(`${CHART}/templates/${file}`, 'utf8')),
    );
    const text = templates.join('\n');
    const reference = await readFile('docs/reference/chart.md', 'utf8');
    const names = [...reference.matchAll(/^\| `([\w.]+)` \| `/gm)].map(([, path = '']) => path);
    expect(names.length).toBeGreaterThan(150);
    // Probes are looked up by their name.
    const used = (name: string): boolean => new RegExp(`[."]${name}\\b`).test(text);
    expect(names.filter((path) => !used(path.split('.').at(-1) ?? ''))).toEqual([]);
  });
});

describe('helm lint finds nothing', () => {
  test.each([
    ['with the defaults', []],
    ['with everything on', EVERYTHING],
  ])('%s', async (_what, values) => {
    const set = values.map((value) => `--set=${value}`);
    const output = await helm(['lint', CHART, '--strict', '--kube-version=1.36', ...set]);
    expect(output).toContain('0 chart(s) failed');
    expect(output).not.toMatch(/\[(WARNING|ERROR)\]/);
  });
});

describe('a wrong value is refused and named:', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a misspelt name', ['contoller.replicas=1'], /'contoller' not allowed/],
    ['a misspelt name further down', ['controller.replica=1'], /'replica' not allowed/],
    ['a word for a number', ['controller.replicas=two'], /\/controller\/replicas.*want integer/],
    ['no runs at once', ['controller.maxConcurrentRuns=0'], /\/controller\/maxConcurrentRuns/],
    ['an unknown log level', ['controller.logLevel=verbose'], /\/controller\/logLevel/],
    ['a namespace that cannot exist', ['watchNamespaces={Prod_1}'], /\/watchNamespaces\/0/],
    ['a namespace given twice', ['watchNamespaces={a,a}'], /\/watchNamespaces/],
    ['an invalid digest', ['image.digest=sha256:abc'], /\/image\/digest/],
    ['a port that does not exist', ['networkPolicy.redis.ports={70000}'], /\/networkPolicy\/redis\/ports\/0/],
    [
      'an interval without a unit',
      ['monitoring.podMonitor.interval=30'],
      /\/monitoring\/podMonitor\/interval/,
    ],
    [
      'the shim without a secret',
      ['shim.enabled=true', 'shim.admins.names={a}'],
      /set shim\.auth\.sharedSecret\.existingSecret to its name/,
    ],
    [
      'the shim without admins',
      shim.slice(0, 2),
      /set shim\.admins\.names to their names, shim\.admins\.claim/,
    ],
    [
      'two ways to find admins',
      [...shim, 'shim.admins.serverURL=http://s:9000'],
      /shim\.admins\.names and shim\.admins\.serverURL both say who is an admin: keep one/,
    ],
    [
      'a claim of admins without its value',
      [...shim.slice(0, 2), 'shim.admins.claim.name=role'],
      /set the value of the claim/,
    ],
    ['JWKS without a URL', [...shim, 'shim.auth.mode=JWKS'], /needs shim\.auth\.jwks\.url/],
    [
      'JWKS without an audience',
      [...shim, 'shim.auth.mode=JWKS', 'shim.auth.jwks.url=http://i', 'shim.auth.issuer=i'],
      /shim\.auth\.audience: set all three/,
    ],
    ['an invalid algorithm', [...shim, 'shim.auth.algorithms={none}'], /\/shim\/auth\/algorithms/],
    ['OIDC without an issuer', [...shim, 'shim.auth.mode=OIDC'], /needs shim\.auth\.issuer, a URL/],
    [
      'a probe that asks something else',
      ['controller.readinessProbe.httpGet.path=/'],
      /'httpGet' not allowed/,
    ],
    ['an unknown topic', ['notifications.topics={Loss,Weather}'], /\/notifications\/topics\/1/],
    ['no topics at all', ['notifications.topics={}'], /\/notifications\/topics/],
    ['an unknown format', ['notifications.format=teams'], /\/notifications\/format/],
    ['a proxy that is no URL', ['proxy.https=proxy.example.com'], /\/proxy\/https/],
    ['certificates from two places', ['caBundle.configMap=a', 'caBundle.secret=b'], /give one of them/],
    [
      'a clock that is a minute and more off',
      [...shim, 'shim.auth.clockToleranceSeconds=61'],
      /clockTolerance/,
    ],
    ['a route without a gateway', [...shim, 'shim.httpRoute.enabled=true'], /\/shim\/httpRoute\/parentRefs/],
    ['credentials in a URL', [...shim, 'shim.admins.serverURL=http://u:p@s'], /serverURL/],
  ])('%s', async (_what, values, message) => {
    await expect(render(...values)).rejects.toThrow(message);
  });

  test('scraping the same ports twice', async () => {
    const both = ['monitoring.serviceMonitor.enabled=true', 'monitoring.podMonitor.enabled=true'];
    await expect(render(...both)).rejects.toThrow(/enable one of them/);
  });

  test('a service account that is not created and not named', async () => {
    const values = ['controller.serviceAccount.create=false'];
    await expect(render(...values)).rejects.toThrow(/controller\.serviceAccount\.name is needed/);
  });

  test('a cluster that is too old', async () => {
    const old = helm(['template', 'r', CHART, '--kube-version=1.29.9']);
    await expect(old).rejects.toThrow(/>=1\.30\.0/);
  });
});
