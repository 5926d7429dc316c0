import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKinds, type Schema } from '../../scripts/generate/crd.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../src/api/resources.ts';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import type { KubernetesObject } from '../../src/kube/client/object.ts';
import type { Resource } from '../../src/kube/client/resource.ts';
import { namespaceClient } from '../controllers/support/api-client.ts';
import { conditionOf, type TestNamespace } from '../controllers/support/namespace.ts';

let namespace: TestNamespace;
let client: APIClient;

beforeAll(async () => {
  ({ namespace, client } = await namespaceClient('crds'));
});

afterAll(() => client?.close());

type Spec = Readonly<Record<string, unknown>>;

const app = { adminName: 'alice', appName: 'tuf' };
const digest = `sha256:${'a'.repeat(64)}`;
const sha256 = 'b'.repeat(64);
const redis = { address: 'redis:6379' };
const storage = { bucket: 'updates', ambient: true };
const trust = { onFirstUse: true };

/** Creates an object without storing it; rejects with the API server's words. */
async function create(resource: Resource, spec: Spec, name = 'example'): Promise<Spec> {
  const created = await client.create(resource, manifest(resource, name, spec), { dryRun: true });
  // Dry run or not, the answer has the spec with its defaults.
  return (created as KubernetesObject & { spec: Spec }).spec;
}

function manifest({ group, version, kind }: Resource, name: string, spec: Spec) {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace: namespace.name }, spec };
}

let created = 0;

/** Creates an object, then changes its spec without storing the change. */
async function changeOf(resource: Resource, before: Spec, patch: Spec): Promise<void> {
  created += 1;
  const name = `change-${created}`;
  await client.create<KubernetesObject, ReturnType<typeof manifest>>(
    resource,
    manifest(resource, name, before),
  );
  const key = { name, namespace: namespace.name };
  const body = { spec: patch };
  await client.patch(resource, key, { type: 'merge', body }, { dryRun: true });
}

const change = (before: Spec, patch: Spec) => changeOf(bootstrapRecoveries, before, patch);
const changePolicy = (before: Spec, patch: Spec) => changeOf(recoveryPolicies, before, patch);

/** One rule: what passes it, what does not, and what is said then. */
interface Rule {
  readonly message: string;
  readonly accepted: () => Promise<unknown>;
  readonly rejected: () => Promise<unknown>;
}

const immutable = (field: string, before: Spec, patch: Spec): Rule => ({
  message: `${field} is immutable: create a new BootstrapRecovery`,
  accepted: () => change({ ...app, ...before }, { suspend: true }),
  rejected: () => change({ ...app, ...before }, patch),
});

const runs = (spec: Spec) => () => create(bootstrapRecoveries, { ...app, ...spec });
const state: Spec = { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf' };
const policies = (spec: Spec) => () => create(recoveryPolicies, spec);
const targets = (spec: Spec) => () => create(recoveryTargets, { redis, storage, trust, ...spec });

const rules: readonly Rule[] = [
  immutable('targetRef', {}, { targetRef: { name: 'other' } }),
  immutable('adminName', {}, { adminName: 'bob' }),
  immutable('appName', {}, { appName: 'other' }),
  immutable('mode', {}, { mode: 'Verify' }),
  immutable('strategy', {}, { strategy: 'Always' }),
  immutable('timeoutSeconds', {}, { timeoutSeconds: 7 }),
  immutable('backoffLimit', {}, { backoffLimit: 7 }),
  immutable('approval', {}, { approval: 'Manual' }),
  immutable(
    'overrides',
    { overrides: { targetsOnlineKey: true } },
    { overrides: { targetsOnlineKey: false } },
  ),
  immutable('overrides', {}, { overrides: { targetsOnlineKey: true } }),
  immutable('overrides', { overrides: { expirations: { roles: { nightly: 90 } } } }, { overrides: null }),
  immutable('trust', { trust: { maxExpiredAge: '90d' } }, { trust: { maxExpiredAge: '91d' } }),
  immutable('trust', {}, { trust: { acceptRollbackTo: 3 } }),
  {
    message: 'cancel cannot be withdrawn: create a new BootstrapRecovery',
    accepted: () => change(app, { cancel: true }),
    rejected: () => change({ ...app, cancel: true }, { cancel: false }),
  },
  {
    message: 'cancel cannot be withdrawn: create a new BootstrapRecovery',
    accepted: () => change({ ...app, cancel: true }, { ttlSecondsAfterFinished: 9 }),
    rejected: () => change({ ...app, cancel: true }, { cancel: null }),
  },
  {
    message: 'set either jwtSecretRef or loginSecretRef',
    accepted: targets({ api: { url: 'https://updates.example.com', jwtSecretRef: { name: 'jwt' } } }),
    rejected: targets({
      api: {
        url: 'https://updates.example.com',
        jwtSecretRef: { name: 'jwt' },
        loginSecretRef: { name: 'logins' },
      },
    }),
  },
  {
    message: 'the identity of an app is immutable: the controller creates one object for each app',
    accepted: () => changeOf(bootstrapStates, state, { appName: 'tuf' }),
    rejected: () => changeOf(bootstrapStates, state, { appName: 'other' }),
  },
  {
    message: 'adminName is part of a path and cannot hold . or .. between slashes',
    accepted: runs({ adminName: 'team.a/..b/c...' }),
    rejected: runs({ adminName: 'team/../other' }),
  },
  {
    message: 'approvedPlan is used only with approval: Manual or uncertainValues: Ask',
    accepted: () => change({ ...app, approval: 'Manual' }, { approvedPlan: digest }),
    rejected: () => change(app, { approvedPlan: digest }),
  },
  {
    message: 'approvedPlan is used only with approval: Manual or uncertainValues: Ask',
    accepted: () => change({ ...app, uncertainValues: 'Ask' }, { approvedPlan: digest }),
    rejected: () => change({ ...app, uncertainValues: 'Apply' }, { approvedPlan: digest }),
  },
  immutable('uncertainValues', { uncertainValues: 'Ask' }, { uncertainValues: 'Apply' }),
  immutable('refresh', {}, { refresh: 'AfterRecovery' }),
  {
    message: 'mode: Verify writes nothing, so there is nothing to approve: leave approval at Automatic',
    accepted: runs({ mode: 'Verify' }),
    rejected: runs({ mode: 'Verify', approval: 'Manual' }),
  },
  {
    message: 'a role name has 1 to 253 characters',
    accepted: runs({
      overrides: {
        expirations: { root: '36500d', targets: 36_500, roles: { 'Beta-Channel': '1d', __proto__: 2 } },
      },
    }),
    rejected: runs({ overrides: { expirations: { roles: { [`x${'y'.repeat(253)}`]: 1 } } } }),
  },
  {
    message: 'the name is at most 63 characters: it becomes a label on what the run owns',
    accepted: () => create(bootstrapRecoveries, app, 'n'.repeat(63)),
    rejected: () => create(bootstrapRecoveries, app, 'n'.repeat(64)),
  },
  {
    message: 'the name is at most 63 characters: it becomes a label',
    accepted: () => create(recoveryTargets, { redis, storage, trust }, 'n'.repeat(63)),
    rejected: () => create(recoveryTargets, { redis, storage, trust }, 'n'.repeat(64)),
  },
  {
    message: 'the name is at most 40 characters: the names of the runs it creates begin with it',
    accepted: () => create(recoveryPolicies, { discover: true }, 'n'.repeat(40)),
    rejected: () => create(recoveryPolicies, { discover: true }, 'n'.repeat(41)),
  },
  {
    message:
      'targetRef is immutable, because what is remembered belongs to that target: create a new RecoveryPolicy',
    accepted: () => changePolicy({ discover: true }, { action: 'Recover' }),
    rejected: () => changePolicy({ discover: true }, { targetRef: { name: 'other' } }),
  },
  {
    message: 'set either apps or discover: true',
    accepted: policies({ apps: [app], discover: false }),
    rejected: policies({ apps: [app], discover: true }),
  },
  {
    message: 'set either apps or discover: true',
    accepted: policies({ discover: true }),
    rejected: policies({}),
  },
  {
    message: 'adminName is part of a path and cannot hold . or .. between slashes',
    accepted: policies({ apps: [{ ...app, adminName: 'team.a/..b/c...' }] }),
    rejected: policies({ apps: [{ ...app, adminName: 'team/../other' }] }),
  },
  {
    message: 'a role name has 1 to 253 characters',
    accepted: policies({
      discover: true,
      recoveryTemplate: { overrides: { expirations: { roles: { nightly: 1 } } } },
    }),
    rejected: policies({
      discover: true,
      recoveryTemplate: { overrides: { expirations: { roles: { '': 1 } } } },
    }),
  },
  {
    message: 'set either address or sentinel',
    accepted: targets({ redis: { sentinel: { addresses: ['[::1]:26379'], master: 'mymaster' } } }),
    rejected: targets({ redis: { ...redis, sentinel: { addresses: ['a:1'], master: 'mymaster' } } }),
  },
  {
    message: 'set either address or sentinel',
    accepted: targets({}),
    rejected: targets({ redis: { db: 1 } }),
  },
  {
    message: 'set either credentialsSecretRef or ambient: true',
    accepted: targets({ storage: { bucket: 'b', credentialsSecretRef: { name: 's3' } } }),
    rejected: targets({ storage: { ...storage, credentialsSecretRef: { name: 's3' } } }),
  },
  {
    message: 'set either credentialsSecretRef or ambient: true',
    accepted: targets({}),
    rejected: targets({ storage: { bucket: 'b' } }),
  },
  {
    message: 'caSecretRef needs an https:// endpoint',
    accepted: targets({ storage: { ...storage, endpoint: 'https://s3', caSecretRef: { name: 'ca' } } }),
    rejected: targets({ storage: { ...storage, endpoint: 'http://s3', caSecretRef: { name: 'ca' } } }),
  },
  {
    message: 'set only one of rootSHA256, rootConfigMapRef and onFirstUse',
    accepted: targets({ trust: { rootSHA256: sha256, onFirstUse: false } }),
    rejected: targets({ trust: { rootSHA256: sha256, onFirstUse: true } }),
  },
  {
    message:
      'set rootSHA256, rootConfigMapRef or onFirstUse: true, or name the apps and their roots under apps',
    accepted: targets({ trust: { apps: [{ ...app, rootSHA256: sha256 }] } }),
    rejected: targets({ trust: { apps: [] } }),
  },
  {
    message: 'the port of redis.address is between 1 and 65535',
    accepted: targets({ redis: { address: '[::1]:65535' } }),
    rejected: targets({ redis: { address: 'redis:65536' } }),
  },
  {
    message: 'the port of a Sentinel is between 1 and 65535',
    accepted: targets({ redis: { sentinel: { addresses: ['a:1', 'b:26379'], master: 'm' } } }),
    rejected: targets({ redis: { sentinel: { addresses: ['a:26379', 'b:0'], master: 'm' } } }),
  },
  {
    message: 'no part of the prefix is . or ..: some S3 servers would leave the prefix',
    accepted: targets({ storage: { ...storage, prefix: 'a..b/.c/d' } }),
    rejected: targets({ storage: { ...storage, prefix: 'a/../b' } }),
  },
  {
    message: 'set either rootSHA256 or rootConfigMapRef',
    accepted: targets({ trust: { apps: [{ ...app, rootConfigMapRef: { name: 'roots' } }] } }),
    rejected: targets({ trust: { apps: [app] } }),
  },
];

describe('what the API server accepts and refuses without the controller', () => {
  test.each(rules)('$message', async ({ message, accepted, rejected }) => {
    await accepted();
    await expect(rejected()).rejects.toThrow(message);
  });

  test('every rule of the schemas has its example here', async () => {
    const messages = (await readKinds()).flatMap(({ schema }) => messagesIn(schema));
    expect(new Set(rules.map(({ message }) => message))).toEqual(new Set(messages));
  });

  test.each([
    ['an app with a space', { appName: 'my app' }],
    ['an app that starts with a hyphen', { appName: '-app' }],
    ['an admin with a line break', { adminName: 'a\nb' }],
    ['an admin with a C1 control character', { adminName: 'a\u0085b' }],
    ['no admin', { adminName: '' }],
    ['an unknown mode', { mode: 'Repair' }],
    ['no time at all', { timeoutSeconds: 0 }],
    ['more time than the lock lives', { timeoutSeconds: 301 }],
    ['too many attempts', { backoffLimit: 21 }],
    ['a lifetime of no days', { overrides: { expirations: { timestamp: 0 } } }],
    ['a lifetime of no days with its unit', { overrides: { expirations: { timestamp: '0d' } } }],
    ['a lifetime of more than a century', { overrides: { expirations: { timestamp: 36_501 } } }],
    ['the same with its unit', { overrides: { expirations: { timestamp: '36501d' } } }],
    ['a lifetime in hours', { overrides: { expirations: { roles: { nightly: '90h' } } } }],
    ['a lifetime in quotes', { overrides: { expirations: { root: '90' } } }],
    ['an age without a unit', { trust: { maxExpiredAge: '90' } }],
    ['an invalid digest', { approval: 'Manual', approvedPlan: 'sha256:abc' }],
    ['a negative time to live', { ttlSecondsAfterFinished: -1 }],
  ])('a run with %s is refused', async (_, spec) => {
    await expect(create(bootstrapRecoveries, { ...app, ...spec })).rejects.toThrow(/422/);
  });

  test.each([
    ['a Redis address without a port', { redis: { address: 'redis' } }],
    ['a Redis address that is a URL', { redis: { address: 'redis://redis:6379' } }],
    ['a password in the address', { redis: { address: 'user:secret@redis:6379' } }],
    ['a prefix that starts with a slash', { storage: { ...storage, prefix: '/tuf' } }],
    ['an endpoint without a scheme', { storage: { ...storage, endpoint: 's3.example.com' } }],
    ['credentials in the endpoint', { storage: { ...storage, endpoint: 'https://a:b@s3' } }],
    ['a query in the endpoint', { storage: { ...storage, endpoint: 'https://s3/?x=1' } }],
    ['an endpoint of another protocol', { storage: { ...storage, endpoint: 'ftp://s3' } }],
    ['a path in the bucket', { storage: { ...storage, bucket: 'a/b' } }],
    ['two tenants in the bucket', { storage: { ...storage, bucket: 'a:b:c' } }],
    ['a root that is no digest', { trust: { rootSHA256: 'B'.repeat(64) } }],
    ['an interval of a second', { validationIntervalSeconds: 1 }],
  ])('a target with %s is refused', async (_, spec) => {
    await expect(targets(spec)()).rejects.toThrow(/422/);
  });

  test.each([
    [
      'an endpoint with a path',
      { endpoint: 'https://project.example.com/storage/v1/s3', forcePathStyle: true },
    ],
    ['a scheme in capitals', { endpoint: 'HTTPS://s3.example.com', caSecretRef: { name: 'ca' } }],
    ['an address of IPv6', { endpoint: 'http://[::1]:9000' }],
    ['the bucket of a tenant', { bucket: 'tenant:updates' }],
    ['a region with an underscore', { region: 'region_one' }],
  ])('a target with %s is accepted', async (_, spec) => {
    const accepted = await targets({ storage: { ...storage, ...spec } })();
    expect(accepted['storage']).toMatchObject(spec);
  });

  test.each([
    ['verification every second', { fullVerificationIntervalSeconds: 1 }],
    ['a loss that has to last a day', { stabilizationSeconds: 86_400 }],
    ['a refresh that is none of the three', { refresh: 'Always' }],
    ['a time before expiry without a unit', { refreshBefore: '12' }],
    ['no limit of recoveries', { maxRecoveriesPerHour: 0 }],
    ['an unknown action', { action: 'Delete' }],
    ['the same app twice', { discover: false, apps: [app, app] }],
    ['no apps', { discover: false, apps: [] }],
  ])('a policy with %s is refused', async (_, spec) => {
    await expect(policies({ discover: true, ...spec })()).rejects.toThrow(/422/);
  });

  test('a client that validates gets an error for a field that is gone', async () => {
    await expect(
      namespace.apply({
        apiVersion: 'tuf-recovery.dev/v1alpha1',
        kind: 'RecoveryPolicy',
        metadata: { name: 'old' },
        spec: { discover: true, failureThreshold: 3, intervalSeconds: 60 },
      }),
    ).rejects.toThrow(/unknown field "(spec\.)?failureThreshold"/);
  });

  test('any admin name the server knows is accepted', async () => {
    for (const adminName of ['alice', 'Alice Müller', 'team/a', '日本語', 'a_b_c', '{"x":1}', "o'neil"]) {
      expect(await create(bootstrapRecoveries, { ...app, adminName })).toMatchObject({ adminName });
    }
  });
});

describe('what a person sees', () => {
  test('five lines are a whole run', async () => {
    const manifest = `apiVersion: tuf-recovery.dev/v1alpha1
kind: BootstrapRecovery
metadata:
  name: lost
spec: {adminName: alice, appName: tuf}
`;
    await namespace.cluster.apply(manifest, { namespace: namespace.name });
    const { spec, status } = await namespace.run('lost');
    expect(spec).toEqual({
      adminName: 'alice',
      appName: 'tuf',
      targetRef: { name: 'default' },
      mode: 'Recover',
      strategy: 'IfNeeded',
      timeoutSeconds: 300,
      approval: 'Automatic',
      uncertainValues: 'Apply',
      refresh: 'Never',
      suspend: false,
      cancel: false,
    });
    expect(status).toEqual({ observedGeneration: -1 });
    expect(conditionOf({ status }, 'Ready')).toBeUndefined();
  });

  test('one line of spec is a whole policy', async () => {
    expect(await create(recoveryPolicies, { discover: true })).toEqual({
      targetRef: { name: 'default' },
      discover: true,
      action: 'Report',
      stabilizationSeconds: 10,
      fullVerificationIntervalSeconds: 3600,
      refresh: 'Never',
      maxRecoveriesPerHour: 1,
      captureSettings: true,
      suspend: false,
      successfulRunsHistoryLimit: 3,
      failedRunsHistoryLimit: 1,
      recoveryTemplate: {
        timeoutSeconds: 300,
        approval: 'Automatic',
        uncertainValues: 'Apply',
      },
    });
  });

  test('kubectl get shows the columns, and more of them with -o wide', async () => {
    const head = async (...args: readonly string[]) =>
      (await namespace.kubectl('get', ...args))
        .split('\n')[0]
        ?.trim()
        .split(/\s{2,}/);
    const columns = [
      ...['NAME', 'ADMIN', 'APP', 'MODE', 'FOUND', 'SUCCEEDED', 'REASON', 'PROGRESS', 'DURATION', 'AGE'],
    ];
    expect(await head('bsr')).toEqual(columns);
    expect(await head('bsr', '--output=wide')).toEqual([...columns, 'TASK', 'MESSAGE', 'TARGET']);
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryTarget',
      metadata: { name: 'default' },
      spec: { redis, storage, trust },
    });
    expect(await head('rt')).toEqual(['NAME', 'READY', 'REASON', 'ACCESS', 'APPS', 'VALIDATED', 'AGE']);
    await namespace.apply({
      apiVersion: 'tuf-recovery.dev/v1alpha1',
      kind: 'RecoveryPolicy',
      metadata: { name: 'all' },
      spec: { discover: true },
    });
    expect(await head('rp')).toEqual([
      ...['NAME', 'READY', 'REASON', 'ACTION', 'APPS', 'LOST', 'RECOVERABLE', 'FRESH', 'AGE'],
    ]);
  });

  test('every kind is in the category recovery', async () => {
    expect(await namespace.kubectl('get', 'recovery', '--output=name')).toMatch(
      /bootstraprecovery\.tuf-recovery\.dev\/lost[\s\S]*recoverypolicy\.tuf-recovery\.dev\/all[\s\S]*recoverytarget\.tuf-recovery\.dev\/default/,
    );
  });

  test('kubectl explain has a sentence for every field', async () => {
    for (const { schema, plural } of await readKinds()) {
      expect(await namespace.kubectl('explain', `${plural}.spec`)).toContain('FIELDS:');
      const mute = fieldsWithoutDescription(schema, plural);
      expect(mute).toEqual([]);
    }
  });
});

function messagesIn(schema: Schema): readonly string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => message);
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return [...own, ...inner.flatMap(messagesIn)];
}

function fieldsWithoutDescription(schema: Schema, path: string): readonly string[] {
  const fields = Object.entries((schema.items ?? schema).properties ?? {});
  return fields.flatMap(([name, field]) => [
    ...(field.description === undefined && name !== 'metadata' ? [`${path}.${name}`] : []),
    ...fieldsWithoutDescription(field, `${path}.${name}`),
  ]);
}
