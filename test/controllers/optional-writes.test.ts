import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findCondition } from '../../src/api/condition.ts';
import { settingsName } from '../../src/controllers/bootstrapstate/names.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { inAYear, Repository } from '../tuf/generator/repository.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';

/** What keeps the controller from writing ConfigMaps in a namespace. */
const obstacles = {
  'a quota': async (namespace) => {
    const hard = { 'count/configmaps': '0' };
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard },
    });
    // Nothing counts what is used on an API server alone.
    await namespace.kubectl(
      ...['patch', 'resourcequota', 'none', '--subresource=status', '--type=merge'],
      `--patch=${JSON.stringify({ status: { hard, used: hard } })}`,
    );
  },
  'an admission policy': async (namespace) => {
    const name = `no-configmaps-${namespace.name}`;
    const group = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
    await namespace.apply(
      {
        ...group,
        kind: 'ValidatingAdmissionPolicy',
        spec: {
          matchConstraints: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace.name } },
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
          },
          validations: [{ expression: 'false', message: 'no ConfigMaps here' }],
        },
      },
      {
        ...group,
        kind: 'ValidatingAdmissionPolicyBinding',
        spec: { policyName: name, validationActions: ['Deny'] },
      },
    );
    await poll('the admission policy to count', async () => {
      const attempt = namespace.kubectl('create', 'configmap', 'attempt', '--dry-run=server');
      return attempt.then(
        () => false,
        () => true,
      );
    });
  },
  'a missing permission': async (namespace) => {
    const role = parse(await readFile('test/controllers/fixtures/role.yaml', 'utf8'));
    for (const rule of role.rules) {
      if (rule.resources.includes('configmaps')) {
        rule.verbs = ['get'];
      }
    }
    await namespace.apply(role);
  },
} as const satisfies Record<string, (namespace: TestNamespace) => Promise<void>>;

const home = 'a foreign ConfigMap';
const names = [home, ...Object.keys(obstacles)];
const app = (at: number) => ({ admin: `admin-${at}`, app: 'large' });

let installation: Installation;
let namespaces: readonly TestNamespace[];
let controller: ControllerProcess;

beforeAll(async () => {
  const cluster = await sharedAPIServer();
  installation = await startInstallation([]);
  // More settings than a status takes.
  const delegations = Array.from({ length: 80 }, (_, at) => ({ name: `role-${at}` }));
  const files = new Repository({ seed: 'large', delegations, expires: inAYear(new Date()) }).seal();
  namespaces = await Promise.all(names.map(() => testNamespace(cluster)));
  const [first] = namespaces;
  if (first === undefined) {
    throw new Error('there are namespaces');
  }
  const kubeconfig = await first.controllerKubeconfig();
  for (const [at, namespace] of namespaces.entries()) {
    const { admin } = app(at);
    await installation.s3.put(
      installation.bucket,
      [...files].map(([name, body]) => ({ key: `tuf_metadata/${admin}/large/${name}`, body })),
    );
    await namespace.allowController(first.name);
    await namespace.apply(
      ...installation.secrets,
      installation.target('default', { trust: { onFirstUse: true } }),
    );
    await Object.values(obstacles)[at - 1]?.(namespace);
  }
  const args = [`--namespaces=${namespaces.map(({ name }) => name).join(',')}`];
  controller = await startController(first, { kubeconfig, args });
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

describe.each(names.map((name, at) => ({ name, at })))(
  'with $name in the way of ConfigMaps',
  ({ name, at }) => {
    test('losses are seen and repaired, statuses are written, and an event says what could not be', async () => {
      const namespace = namespaces[at];
      if (namespace === undefined) {
        throw new Error('there is a namespace for each obstacle');
      }
      const policy = await createPolicy(namespace, 'guard', app(at), {
        action: 'Recover',
        maxRecoveriesPerHour: 10,
        // Until all of it is in the way.
        stabilizationSeconds: 3_600,
      });
      const isHealthy = ({ status }: Awaited<ReturnType<typeof policy.app>>) =>
        findCondition(status.conditions, 'Healthy')?.status === 'True';
      if (name === home) {
        const { uid } = (await policy.untilApp('to exist', ({ metadata }) => metadata.uid !== '')).metadata;
        const metadata = { name: settingsName(uid) };
        await namespace.apply({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata,
          immutable: true,
          data: { a: 'b' },
        });
      }
      await policy.change({ stabilizationSeconds: 0 });
      for (const losses of [1, 2]) {
        const { status } = await policy.untilApp(
          `to be repaired, ${losses}`,
          (state) =>
            isHealthy(state) &&
            state.status.recoveries?.length === losses &&
            state.status.recoveries.every(({ state: ended }) => ended === 'Succeeded'),
        );
        expect(status.settingsRef).toBeUndefined();
        const redis = await installation.redis.client();
        if (losses === 1) {
          await redis.del(`BOOTSTRAP_${app(at).admin}_large`);
        }
      }
      const isRecorded = async (kind: string, reason: string) =>
        (await namespace.kubectl('events', `--types=Warning`))
          .split('\n')
          .some((line) => line.includes(reason) && line.includes(kind));
      await poll('the event about the settings', () => isRecorded('BootstrapState', 'CaptureFailed'));
      if (name !== home) {
        await poll('the event about the report', () => isRecorded('BootstrapRecovery', 'ReportFailed'));
      }
      await policy.until(
        'to be ready and count its healthy app',
        ({ status }) =>
          findCondition(status.conditions, 'Ready')?.status === 'True' &&
          status.appCount === 1 &&
          status.healthyCount === 1,
      );
    });
  },
);
