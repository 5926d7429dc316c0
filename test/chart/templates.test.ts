import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateInstallManifest } from '../../scripts/generate/install-manifest.ts';
import { EVERYTHING, one, type Rendered, render } from './helm.ts';

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly image: string;
    readonly securityContext: object;
    readonly resources: object;
  }[];
}

/** The parts of a workload the tests look at. */
interface Workload extends Rendered {
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

interface Role extends Rendered {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
}

const isWorkload = (object: Rendered): object is Workload => object.kind === 'Deployment';
/** The pod of `helm test`. */
const isPod = (object: Rendered): object is Rendered & { readonly spec: PodSpec } => object.kind === 'Pod';
const isRole = (object: Rendered): object is Role => object.kind === 'Role' || object.kind === 'ClusterRole';

let defaults: readonly Rendered[];
let everything: readonly Rendered[];

beforeAll(async () => {
  defaults = await render();
  everything = await render(...EVERYTHING);
});

describe('what is rendered has not changed unnoticed:', () => {
  const withoutCRDs = (objects: readonly Rendered[]) =>
    objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');

  test('the defaults', async () => {
    await expect(`${JSON.stringify(withoutCRDs(defaults), null, 2)}\n`).toMatchFileSnapshot(
      'snapshots/defaults.json',
    );
  });

  test('everything', async () => {
    const objects = withoutCRDs(everything).filter(
      ({ kind }) => kind !== 'ConfigMap' && kind !== 'PrometheusRule',
    );
    await expect(`${JSON.stringify(objects, null, 2)}\n`).toMatchFileSnapshot('snapshots/everything.json');
  });

  test('the plain manifest for those without Helm', async () => {
    const generated = await generateInstallManifest();
    expect([...generated.keys()]).toEqual(['deploy/install.yaml']);
    for (const [path, content] of generated) {
      expect(await readFile(path, 'utf8'), 'run: npm run generate').toBe(content);
    }
  });
});

describe('every pod', () => {
  test('passes the restricted Pod Security standard', () => {
    const specs = everything.flatMap((object) => {
      if (isWorkload(object)) {
        return [object.spec.template.spec];
      }
      return isPod(object) ? [object.spec] : [];
    });
    expect(specs).toHaveLength(3);
    for (const spec of specs) {
      expect(spec.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of spec.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources).toHaveProperty('limits.memory');
      }
    }
  });

  test('is found by its own selector, service, budget and network policy, and by no other', () => {
    const [controller, shim] = everything.filter(isWorkload).map(({ spec }) => spec.template.metadata.labels);
    const selectors = everything.flatMap((object) => {
      const { selector, podSelector } = (object['spec'] ?? {}) as Record<string, Record<string, unknown>>;
      const labels = podSelector?.['matchLabels'] ?? selector?.['matchLabels'] ?? selector;
      return labels === undefined || object.kind === 'ServiceMonitor'
        ? []
        : [{ name: object.metadata.name, labels }];
    });
    expect(selectors).toHaveLength(9);
    for (const { name, labels } of selectors) {
      const [own, other] = name.includes('controller') ? [controller, shim] : [shim, controller];
      expect(own, name).toMatchObject(labels as object);
      expect(other, name).not.toMatchObject(labels as object);
    }
  });

  test('is pulled by digest when one is given', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const [workload] = (await render(`image.digest=${digest}`, 'image.tag=ignored')).filter(isWorkload);
    expect(workload?.spec.template.spec.containers[0]?.image).toMatch(new RegExp(`^[^:]+@${digest}$`));
  });
});

describe('permissions', () => {
  test('of the controller are exactly those its own tests run with', async () => {
    const fixture: Role = parse(await readFile('test/controllers/fixtures/role.yaml', 'utf8'));
    const chart = defaults
      .filter(isRole)
      .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'controller');
    expect(permissions(chart)).toEqual(permissions([fixture]));
  });

  test('of the shim are to create and read runs, in the namespaces of its tenants only', () => {
    const roles = everything.filter(isRole).filter(({ metadata }) => metadata.name.endsWith('-shim'));
    expect(roles.map(({ kind, metadata }) => [kind, metadata.namespace])).toEqual([
      ['Role', 'ops'],
      ['Role', 'bob'],
    ]);
    for (const role of roles) {
      expect(permissions([role])).toEqual(
        ['create', 'get', 'list', 'patch', 'watch'].map(
          (verb) => `${verb} tuf-recovery.dev/bootstraprecoveries`,
        ),
      );
    }
  });

  test('are granted in each watched namespace, and cluster-wide only to remove the finalizer, unless that is off', async () => {
    const narrowed = ['watchNamespaces={a,b}', 'rbac.aggregate=false'];
    const objects = await render(...narrowed);
    expect(permissions(objects.filter(isRole).filter(({ kind }) => kind === 'ClusterRole'))).toEqual([
      'get tuf-recovery.dev/bootstraprecoveries',
      'patch tuf-recovery.dev/bootstraprecoveries',
    ]);
    const withoutIt = await render(...narrowed, 'rbac.releaseDeletedNamespaces=false');
    expect(withoutIt.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    const roles = objects.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace);
    expect(roles).toEqual(['a', 'b', 'ops']);
    const [workload] = objects.filter(isWorkload);
    expect(workload?.spec.template.spec.containers[0]?.args).toContain('--namespaces=a,b');
  });

  test('to read Secrets can be narrowed to named ones, and are never to list them', async () => {
    const roles = (await render('rbac.secretNames={redis,s3}')).filter(isRole);
    const rules = roles.flatMap((role) =>
      role.rules.filter(({ resources }) => resources.includes('secrets')),
    );
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['redis', 's3'], verbs: ['get'] },
    ]);
  });

  test('of people who may edit do not include targets: a target can use the Secrets of its namespace', () => {
    const edit = one(defaults, 'ClusterRole', '-edit');
    expect(JSON.stringify(edit['rules'])).not.toContain('recoverytargets');
  });

  test('of two installations in one cluster do not collide', async () => {
    expect(one(defaults, 'ClusterRole', '-controller').metadata.name).toBe(
      'ops-r-tuf-recovery-operator-controller',
    );
  });
});

describe('network policies', () => {
  test('let the controller out to DNS, API server, Redis and storage, and the shim to neither of the last two', () => {
    const ports = (name: string): readonly (number | string)[] => {
      const { spec } = one(everything, 'NetworkPolicy', name) as Rendered & {
        readonly spec: {
          readonly egress: readonly { readonly ports: readonly { readonly port: number }[] }[];
        };
      };
      return [...new Set(spec.egress.flatMap((rule) => rule.ports.map(({ port }) => port)))];
    };
    expect(ports('-controller')).toEqual([53, 443, 6443, 6379, 6380, 26379, 9000]);
    expect(ports('-shim')).toEqual([53, 443, 6443]);
  });

  test('let DNS through over UDP and TCP, whatever its port', async () => {
    const policies = await render('networkPolicy.enabled=true', 'networkPolicy.dns.ports={53,5353}');
    expect(one(policies, 'NetworkPolicy')['spec']).toMatchObject({
      egress: expect.arrayContaining([
        {
          ports: [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol }))),
        },
      ]),
    });
  });
});

describe('the controller', () => {
  test('stops its runs before the kubelet kills it', async () => {
    const [workload] = (await render('controller.terminationGracePeriodSeconds=100')).filter(isWorkload);
    const args = workload?.spec.template.spec.containers[0]?.args;
    expect(args).toContain('--shutdown-grace=85');
  });

  test('has a disruption budget only where there is more than one', async () => {
    expect(defaults.some(({ kind }) => kind === 'PodDisruptionBudget')).toBe(true);
    const single = await render('controller.replicas=1');
    expect(single.some(({ kind }) => kind === 'PodDisruptionBudget')).toBe(false);
  });
});

describe('CRDs', () => {
  const crds = (objects: readonly Rendered[]) =>
    objects.filter(({ kind }) => kind === 'CustomResourceDefinition');

  test('come with the chart, and say to Helm that they stay', () => {
    expect(crds(defaults).map(({ metadata }) => metadata.name)).toEqual([
      'bootstraprecoveries.tuf-recovery.dev',
      'bootstrapstates.tuf-recovery.dev',
      'recoverypolicies.tuf-recovery.dev',
      'recoverytargets.tuf-recovery.dev',
    ]);
    for (const { metadata } of crds(defaults)) {
      expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    }
  });

  test('can be left out, or be given up with the release', async () => {
    expect(crds(await render('crds.enabled=false'))).toEqual([]);
    for (const { metadata } of crds(await render('crds.keep=false'))) {
      expect(metadata.annotations).toBeUndefined();
    }
  });
});

/** Every single permission as "verb group/resource", whatever rules it is spread over. */
function permissions(roles: readonly Role[]): readonly string[] {
  const all = roles.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
  return [...new Set(all)].sort();
}
