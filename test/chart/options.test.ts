import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import { notificationFormats } from '../../src/notifications/message.ts';
import { allNotificationTopics } from '../../src/notifications/topics.ts';
import { CHART, EVERYTHING, helm, one, parseObjects, type Rendered, render } from './helm.ts';

/** The parts of a pod these tests look at. */
interface Pod {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly affinity?: {
      readonly podAntiAffinity?: {
        readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
          readonly weight: number;
          readonly podAffinityTerm: {
            readonly topologyKey: string;
            readonly labelSelector: { readonly matchLabels: Readonly<Record<string, string>> };
          };
        }[];
      };
      readonly nodeAffinity?: object;
    };
    readonly initContainers?: readonly { readonly name: string }[];
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts?: readonly { readonly mountPath: string }[];
      readonly [field: string]: unknown;
    }[];
    readonly volumes?: readonly object[];
    readonly [field: string]: unknown;
  };
}

/** The pods of everything rendered: controller, shim and the one of `helm test`. */
function pods(objects: readonly Rendered[]): readonly Pod[] {
  return objects.flatMap((object) => {
    // The chart under test renders these kinds in this shape; the API server checks it in install.test.ts.
    if (object.kind === 'Pod') {
      return [object as unknown as Pod];
    }
    return object.kind === 'Deployment' ? [(object['spec'] as { template: Pod }).template] : [];
  });
}

/** Those of a Deployment. */
function replicated(objects: readonly Rendered[]): readonly Pod[] {
  return pods(objects).filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] !== 'test');
}

/** The pod of the controller. */
function controllerPod(objects: readonly Rendered[]): Pod {
  const [pod] = pods([one(objects, 'Deployment', '-controller')]);
  if (pod === undefined) {
    throw new Error('the controller has no pod');
  }
  return pod;
}

const everythingWith = (...values: readonly string[]): Promise<readonly Rendered[]> =>
  render(...EVERYTHING, ...values);

describe('names', () => {
  test.each([
    ['tuf-recovery', 'tuf-recovery-controller'],
    ['my-tuf-recovery', 'my-tuf-recovery-controller'],
    ['tuf-recovery-operator', 'tuf-recovery-operator-controller'],
    ['r', 'r-tuf-recovery-operator-controller'],
  ])('of the release %s are short: %s', async (release, name) => {
    const output = await helm(['template', release, CHART, '--kube-version=1.36']);
    expect(one(parseObjects(output), 'Deployment').metadata.name).toBe(name);
  });

  test('can be moved to another namespace as a whole', async () => {
    const objects = await everythingWith('namespaceOverride=elsewhere');
    const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
    expect(namespaces).toEqual(new Set([undefined, 'elsewhere', 'bob']));
    expect(JSON.stringify(objects)).not.toMatch(/"(--)?namespace[":=]+ops"/);
  });
});

describe('labels and annotations for everything', () => {
  let objects: readonly Rendered[];
  beforeAll(async () => {
    objects = await everythingWith(
      'commonAnnotations.team=infra',
      'commonLabels.stage=test',
      'commonLabels.app\\.kubernetes\\.io/component=mine',
    );
  });

  test('are on every object and every pod', () => {
    expect(objects.length).toBeGreaterThan(25);
    for (const { kind, metadata } of [...objects, ...pods(objects).map((pod) => ({ kind: 'pod', ...pod }))]) {
      expect(metadata.annotations, kind).toMatchObject({ team: 'infra' });
      expect(metadata.labels, kind).toMatchObject({ stage: 'test' });
    }
  });

  test('do not change what selects the pods', () => {
    expect(controllerPod(objects).metadata.labels['app.kubernetes.io/component']).toBe('controller');
  });

  test('are where they were asked for', async () => {
    const wanted = await everythingWith(
      'controller.deploymentAnnotations.a=deployment',
      'shim.service.labels.a=service',
      'shim.service.annotations.a=service',
      'crds.annotations.a=crd',
    );
    expect(one(wanted, 'Deployment', '-controller').metadata.annotations).toEqual({ a: 'deployment' });
    const service = one(wanted, 'Service', '-shim').metadata;
    expect([service.labels?.['a'], service.annotations?.['a']]).toEqual(['service', 'service']);
    for (const { metadata } of wanted.filter(({ kind }) => kind === 'CustomResourceDefinition')) {
      expect(metadata.annotations).toEqual({ a: 'crd', 'helm.sh/resource-policy': 'keep' });
    }
  });
});

describe('the image', () => {
  test.each([
    [
      ['image.registry=mirror.local:5000'],
      'mirror.local:5000/tuf-recovery-operator/tuf-recovery-operator:0.1.0',
    ],
    [['global.imageRegistry=mirror.local'], 'mirror.local/tuf-recovery-operator/tuf-recovery-operator:0.1.0'],
    [
      ['image.registry=a', 'global.imageRegistry=b/cache/'],
      'b/cache/tuf-recovery-operator/tuf-recovery-operator:0.1.0',
    ],
    [['image.repository=tuf-recovery-operator', 'image.tag=dev'], 'tuf-recovery-operator:dev'],
    [['image.repository=localhost/mine', 'image.registry=quay.io'], 'quay.io/mine:0.1.0'],
  ])('with %j is %s, in every pod', async (values, image) => {
    const images = pods(await everythingWith(...values)).flatMap(({ spec }) => spec.containers);
    expect(new Set(images.map((container) => container.image))).toEqual(new Set([image]));
  });

  test('is pulled with the secrets of the chart and of its parent', async () => {
    const objects = await everythingWith('imagePullSecrets[0].name=a', 'global.imagePullSecrets[0].name=b');
    for (const { spec } of pods(objects)) {
      expect(spec['imagePullSecrets']).toEqual([{ name: 'a' }, { name: 'b' }]);
    }
  });
});

describe('replicas', () => {
  test('prefer another node, then another zone, than their own peers', async () => {
    for (const { metadata, spec } of replicated(await everythingWith())) {
      const terms = spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      expect(terms.map(({ weight, podAffinityTerm }) => [podAffinityTerm.topologyKey, weight])).toEqual([
        ['kubernetes.io/hostname', 100],
        ['topology.kubernetes.io/zone', 50],
      ]);
      for (const { podAffinityTerm } of terms) {
        expect(metadata.labels).toMatchObject(podAffinityTerm.labelSelector.matchLabels);
      }
    }
  });

  test('keep to that beside an affinity to nodes, and give it up on request', async () => {
    const affinity = 'controller.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution';
    const both = controllerPod(await render(`${affinity}[0].weight=1`)).spec.affinity;
    expect(Object.keys(both ?? {}).sort()).toEqual(['nodeAffinity', 'podAntiAffinity']);
    const given = await helm([
      ...['template', 'r', CHART, '--kube-version=1.36', '--set-json'],
      'controller.affinity={"podAntiAffinity":{}}',
    ]);
    expect(controllerPod(parseObjects(given)).spec.affinity).toEqual({ podAntiAffinity: {} });
  });

  test('of the shim can follow the load', async () => {
    const objects = await everythingWith('shim.autoscaling.maxReplicas=9');
    const scaler = one(objects, 'HorizontalPodAutoscaler');
    expect(scaler['spec']).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: one(objects, 'Deployment', '-shim').metadata.name },
      minReplicas: 2,
      maxReplicas: 9,
    });
    // A number there would undo what the scaler did, on each upgrade.
    expect(one(objects, 'Deployment', '-shim')['spec']).not.toHaveProperty('replicas');
  });
});

test('probes wait for the start, so that neither readiness nor liveness can fail before', async () => {
  for (const { spec } of replicated(await everythingWith())) {
    const [container] = spec.containers;
    expect(container?.['startupProbe']).toMatchObject({ periodSeconds: 1, httpGet: { path: '/healthz' } });
    expect(container?.['readinessProbe']).toMatchObject({ periodSeconds: 2, httpGet: { path: '/readyz' } });
    expect(container?.['livenessProbe']).not.toHaveProperty('initialDelaySeconds');
  }
});

test('times of a probe can be changed, and a probe left out', async () => {
  const [container] = controllerPod(
    await render('controller.livenessProbe.failureThreshold=9', 'controller.startupProbe=null'),
  ).spec.containers;
  expect(container?.['livenessProbe']).toMatchObject({ failureThreshold: 9, periodSeconds: 20 });
  expect(container).not.toHaveProperty('startupProbe');
});

describe('the network', () => {
  test('asks for a name with dots as it is', async () => {
    for (const { spec } of pods(await everythingWith())) {
      expect(spec['dnsConfig']).toEqual({ options: [{ name: 'ndots', value: '2' }] });
    }
  });

  test('goes through a proxy, but not to the API server and services', async () => {
    const objects = await everythingWith(
      ...['proxy.https=http://proxy.example.com:3128', 'proxy.exceptions={.corp.example.com}'],
    );
    for (const { spec } of replicated(objects)) {
      const env = Object.fromEntries(spec.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? []);
      expect(env).toMatchObject({
        HTTPS_PROXY: 'http://proxy.example.com:3128',
        NO_PROXY: '$(KUBERNETES_SERVICE_HOST),localhost,127.0.0.1,.svc,.cluster.local,.corp.example.com',
      });
    }
  });

  test.each([
    [
      'ConfigMap',
      'caBundle.configMap=corp',
      { configMap: { name: 'corp', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ],
    [
      'Secret',
      'caBundle.secret=corp',
      { secret: { secretName: 'corp', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    ],
  ])('trusts the certificate authorities of a %s', async (_kind, value, source) => {
    const { spec } = controllerPod(await render(value));
    expect(spec.volumes).toEqual([{ name: 'ca-bundle', ...source }]);
    expect(spec.containers[0]).toMatchObject({
      env: expect.arrayContaining([{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/tuf-recovery/ca/ca.crt' }]),
      volumeMounts: [{ name: 'ca-bundle', mountPath: '/etc/tuf-recovery/ca', readOnly: true }],
    });
  });
});

describe('notifications', () => {
  test('are sent to the URL in a Secret, which need not be there yet', async () => {
    const { spec } = controllerPod(
      await render('notifications.existingSecret=hook', 'notifications.key=slack-url'),
    );
    expect(spec.volumes).toEqual([
      {
        name: 'notifications',
        secret: { secretName: 'hook', items: [{ key: 'slack-url', path: 'url' }], optional: true },
      },
    ]);
    const [container] = spec.containers;
    const mount = container?.volumeMounts?.[0]?.mountPath;
    expect(container?.args).toContain(`--notify-url-file=${mount}/url`);
    expect(JSON.stringify(controllerPod(await render()).spec), 'off by default').not.toContain('notif');
  });

  test('have the topics of the program, and flags it knows', async () => {
    const { spec } = controllerPod(await everythingWith());
    const args = spec.containers[0]?.args ?? [];
    expect(args).toContain(`--notify-on=${allNotificationTopics.join(',')}`);
    const controller = idleProgram().commands.find((command) => command.name() === 'controller');
    const known = controller?.options.map(({ long }) => long);
    expect(known).toEqual(expect.arrayContaining(args.slice(1).map((arg) => arg.replace(/=.*/s, ''))));
    const schema = JSON.parse(await readFile(`${CHART}/values.schema.json`, 'utf8'));
    const { topics, format } = schema.properties.notifications.properties;
    expect(topics.items.enum).toEqual(allNotificationTopics);
    expect(format.enum).toEqual(notificationFormats);
  });
});

describe('helm test', () => {
  test('asks the metrics of the controller and the shim, without a shell', async () => {
    const [pod] = pods([one(await everythingWith(), 'Pod')]);
    expect(pod?.metadata.annotations).toMatchObject({ 'helm.sh/hook': 'test' });
    const answering = pod?.spec.containers.find(({ name }) => name === 'pods-answer');
    expect(answering?.command?.[0]).toBe('/nodejs/bin/node');
    expect(answering?.args).toEqual([
      'http://r-tuf-recovery-operator-controller-metrics.ops.svc:8080/metrics',
      'http://r-tuf-recovery-operator-shim.ops.svc:80/readyz',
    ]);
  });

  test('leaves no pod behind when it has succeeded: helm uninstall would leave it, too', async () => {
    const [pod] = pods([one(await render(), 'Pod')]);
    const policy = pod?.metadata.annotations?.['helm.sh/hook-delete-policy'];
    expect(policy?.split(',')).toEqual(['before-hook-creation', 'hook-succeeded']);
  });

  test('lists runs with the account of the controller', async () => {
    const objects = await render('watchNamespaces={a,b}');
    const [pod] = pods([one(objects, 'Pod')]);
    expect(pod?.spec).toMatchObject({
      serviceAccountName: controllerPod(objects).spec['serviceAccountName'],
      // The account itself hands out no token.
      automountServiceAccountToken: true,
    });
    const listing = pod?.spec.containers.find(({ name }) => name === 'runs-can-be-listed');
    expect(listing?.args).toEqual(['status', '--namespace=a']);
  });
});

test('objects and containers of their own, with the values of the release', async () => {
  const objects = await helm([
    ...['template', 'r', CHART, '--kube-version=1.36', '--namespace=ops', '--set-json'],
    'extraObjects=[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{ .Release.Name }}-extra"}}]',
    ...['--set', 'controller.initContainers[0].name=before,controller.extraContainers[0].name=beside'],
    ...['--set', 'runtimeClassName=gvisor'],
  ]).then(parseObjects);
  expect(one(objects, 'ConfigMap').metadata.name).toBe('r-extra');
  const { spec } = controllerPod(objects);
  expect(spec.initContainers?.map(({ name }) => name)).toEqual(['before']);
  expect(spec.containers.map(({ name }) => name)).toEqual(['controller', 'beside']);
  expect(spec['runtimeClassName']).toBe('gvisor');
});

test.each(['controller', 'shim'])(
  'the new pods of a %s start all at once unless a strategy is set',
  async (part) => {
    const deployment = async (...values: readonly string[]) =>
      one(await everythingWith(...values), 'Deployment', `-${part}`);
    expect((await deployment())['spec']).toMatchObject({
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
    });
    const { strategy } = (await deployment(`${part}.strategy.type=Recreate`))['spec'] as { strategy: object };
    expect(strategy).toEqual({ type: 'Recreate' });
  },
);

test('names, addresses and labels are passed on as they are given', async () => {
  const objects = await everythingWith(
    ...['dnsPolicy=None', 'hostAliases[0].ip=10.0.0.7', 'hostAliases[0].hostnames={redis.internal}'],
    ...['monitoring.serviceMonitor.labels.release=prometheus', 'monitoring.prometheusRule.labels.role=rules'],
    'monitoring.serviceMonitor.relabelings[0].targetLabel=cluster',
  );
  for (const { spec } of pods(objects)) {
    expect(spec).toMatchObject({
      dnsPolicy: 'None',
      hostAliases: [{ ip: '10.0.0.7', hostnames: ['redis.internal'] }],
    });
  }
  const monitor = one(objects, 'ServiceMonitor');
  expect(monitor.metadata.labels).toMatchObject({ release: 'prometheus' });
  expect(monitor['spec']).toMatchObject({ endpoints: [{ relabelings: [{ targetLabel: 'cluster' }] }] });
  expect(one(objects, 'PrometheusRule').metadata.labels).toMatchObject({ role: 'rules' });
});

test('a PodMonitor has the options of a ServiceMonitor', async () => {
  const monitor = one(
    await render(
      ...['monitoring.podMonitor.enabled=true', 'monitoring.podMonitor.labels.release=prometheus'],
      ...['monitoring.podMonitor.namespace=observability', 'monitoring.podMonitor.interval=1m'],
      ...['monitoring.podMonitor.scrapeTimeout=10s', 'monitoring.podMonitor.relabelings[0].targetLabel=c'],
      'monitoring.podMonitor.metricRelabelings[0].action=drop',
    ),
    'PodMonitor',
  );
  expect(monitor.metadata).toMatchObject({ namespace: 'observability', labels: { release: 'prometheus' } });
  expect(monitor['spec']).toMatchObject({
    namespaceSelector: { matchNames: ['ops'] },
    podMetricsEndpoints: [
      {
        ...{ interval: '1m', scrapeTimeout: '10s' },
        ...{ relabelings: [{ targetLabel: 'c' }], metricRelabelings: [{ action: 'drop' }] },
      },
    ],
  });
});

test('monitors are found and filtered as Prometheus is set up', async () => {
  const objects = await everythingWith(
    ...['monitoring.serviceMonitor.namespace=observability', 'monitoring.serviceMonitor.interval=1m'],
    ...[
      'monitoring.serviceMonitor.scrapeTimeout=10s',
      'monitoring.serviceMonitor.metricRelabelings[0].action=drop',
    ],
    ...['monitoring.prometheusRule.namespace=observability', 'monitoring.prometheusRule.interval=2m'],
    'monitoring.prometheusRule.ruleLabels.team=infra',
  );
  const monitor = one(objects, 'ServiceMonitor');
  expect(monitor.metadata.namespace).toBe('observability');
  expect(monitor['spec']).toMatchObject({
    namespaceSelector: { matchNames: ['ops'] },
    endpoints: [{ interval: '1m', scrapeTimeout: '10s', metricRelabelings: [{ action: 'drop' }] }],
  });
  const rule = one(objects, 'PrometheusRule');
  expect(rule.metadata.namespace).toBe('observability');
  const { groups } = rule['spec'] as {
    groups: readonly { interval: string; rules: readonly { labels: object }[] }[];
  };
  expect(new Set(groups.map(({ interval }) => interval))).toEqual(new Set(['2m']));
  for (const { labels } of groups.flatMap(({ rules }) => rules)) {
    expect(labels).toMatchObject({ team: 'infra', severity: expect.any(String) });
  }
  expect(JSON.stringify(rule), "Prometheus' own templates survive").toContain('{{ $labels.reason }}');
});
