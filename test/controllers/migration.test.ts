import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { apiVersion, fieldManager } from '../../src/api/resources.ts';
import { stateName } from '../../src/controllers/bootstrapstate/names.ts';
import { type APIServer, startAPIServer } from '../harness/apiserver.ts';
import type { GoldenApp } from '../harness/golden.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { existingPolicy, type TestPolicy } from './support/policies.ts';

const file = 'crds/tuf-recovery.dev_recoverypolicies.yaml';
/** A timestamp that the bucket does not have any more. */
const seenTimestamp: Mark = { version: 99, sha256: 'b'.repeat(64) };

let server: APIServer;
let namespace: TestNamespace;
let installation: Installation;

interface Mark {
  readonly version: number;
  readonly sha256: string;
}

/** The newest file of a role in the bucket, as an earlier version would have remembered it. */
function markOf({ objects }: GoldenApp, role: 'root' | 'snapshot' | 'timestamp'): Mark {
  const [newest] = objects
    .filter(({ name }) => name.endsWith(`${role}.json`))
    .map(({ body }) => ({
      version: Number(JSON.parse(Buffer.from(body).toString()).signed.version),
      sha256: createHash('sha256').update(body).digest('hex'),
    }))
    .sort((a, b) => b.version - a.version);
  if (newest === undefined) {
    throw new Error(`there is no ${role}`);
  }
  return newest;
}

/** What earlier versions wrote about an app, under the names it had then. */
function oldEntry(golden: GoldenApp, timestamp = markOf(golden, 'timestamp')): object {
  return {
    adminName: golden.admin,
    appName: golden.app,
    state: 'Healthy',
    reason: 'Verified',
    message: 'Every setting is present and valid.',
    lastLooked: '2026-11-01T00:00:00Z',
    lastVerified: '2026-11-01T00:00:00Z',
    consecutiveLosses: 0,
    marks: { root: markOf(golden, 'root'), timestamp, snapshot: markOf(golden, 'snapshot') },
    settingsRef: { name: `tuf-settings-${golden.app}` },
    recoveries: [{ name: 'old-0123456789-1', time: '2026-11-01T00:00:00Z', state: 'Succeeded' }],
  };
}

/** The copy that an earlier version kept in a ConfigMap. */
function oldCopy(golden: GoldenApp, change: Readonly<Record<string, string>>): object {
  const { admin, app, settings } = golden;
  const apart = /^(BOOTSTRAP|ROOT_SIGNING)_/;
  const values = Object.entries(settings).filter(([key]) => !apart.test(key));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `tuf-settings-${app}` },
    data: {
      'settings.json': JSON.stringify({
        adminName: admin,
        appName: app,
        capturedAt: '2026-11-01T00:00:00.000Z',
        timestamp: markOf(golden, 'timestamp'),
        values: { ...Object.fromEntries(values), ...change },
      }),
    },
  };
}

/** A policy with the status of an earlier version, stored while the API server knew its fields. */
async function oldPolicy(name: string, spec: object, apps: readonly object[]): Promise<void> {
  const policy = { apiVersion, kind: 'RecoveryPolicy', metadata: { name, namespace: namespace.name } };
  await namespace.apply({ ...policy, spec });
  const status = {
    observedGeneration: 1,
    lastVerificationTime: '2026-11-01T00:00:00Z',
    nextVerificationTime: '2026-11-01T00:05:00Z',
    appCount: apps.length,
    lostCount: 0,
    apps,
    active: [],
    conditions: [
      {
        ...{ type: 'Ready', status: 'True', reason: 'Verified', message: 'One app is guarded.' },
        lastTransitionTime: '2026-11-01T00:00:00Z',
      },
    ],
  };
  const flags = ['--server-side', '--subresource=status', `--field-manager=${fieldManager}`];
  await server.kubectl(['apply', ...flags, '--filename=-'], { input: JSON.stringify({ ...policy, status }) });
}

/** The CRD as it was: what its status held then is not pruned. */
async function oldCRD(): Promise<string> {
  const crd = parse(await readFile(file, 'utf8'));
  crd.spec.versions[0].schema.openAPIV3Schema.properties.status = {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  };
  return JSON.stringify(crd);
}

beforeAll(async () => {
  server = await startAPIServer();
  namespace = await testNamespace(server);
  installation = await startInstallation(['config', 'simple', 'deleg']);
  await namespace.apply(...installation.secrets, installation.target());
  await server.apply(await oldCRD());
  const { redis } = installation;
  const [config, simple, deleg] = (['config', 'simple', 'deleg'] as const).map((name) =>
    installation.app(name),
  );
  if (config === undefined || simple === undefined || deleg === undefined) {
    throw new Error('the installation has these apps');
  }
  // Of `config` everything is lost; of `simple` a newer timestamp was seen than the bucket has.
  await namespace.apply(
    oldCopy(config, { [`TIMESTAMP_EXPIRATION_${config.admin}_${config.app}`]: '6' }),
    oldCopy(deleg, {}),
  );
  await simple.restoreTo(await redis.client());
  const named = (...apps: readonly GoldenApp[]) =>
    apps.map(({ admin, app }) => ({ adminName: admin, appName: app }));
  await oldPolicy('before', { apps: named(config, simple) }, [
    oldEntry(config),
    oldEntry(simple, seenTimestamp),
  ]);
  await oldPolicy('resting', { apps: named(deleg), suspend: true }, [oldEntry(deleg)]);
  await server.apply(await readFile(file, 'utf8'));
});

afterAll(async () => {
  await installation?.[Symbol.asyncDispose]();
  await server?.stop();
});

const healthy = ({ status }: BootstrapState) => findCondition(status.conditions, 'Healthy');
const policyOf = (policy: string, name: 'config' | 'simple' | 'deleg'): TestPolicy =>
  existingPolicy(namespace, policy, installation.app(name));

describe('what an earlier version remembered in the status of a policy', () => {
  test('moves to the object of the app, once, and binds it and its runs', async () => {
    await using _controller = await startController(namespace);
    const rolled = await policyOf('before', 'simple').untilApp(
      'to be refused',
      (state) => healthy(state)?.reason === 'RollbackDetected',
    );
    expect(rolled.status).toMatchObject({ state: 'Unverifiable', marks: { timestamp: { version: 99 } } });

    const config = policyOf('before', 'config');
    const lost = await config.untilApp('to be lost', (state) => healthy(state)?.reason === 'SettingsLost');
    expect(lost.status.settingsRef).toEqual({ name: 'tuf-settings-config' });
    await config.until('to have given it away', ({ status }) => status.apps === undefined);

    const { admin, app } = installation.app('config');
    await namespace.start('from-the-copy', { adminName: admin, appName: app });
    expect((await namespace.ended('from-the-copy')).succeeded.reason).toBe('Recovered');
    const redis = await installation.redis.client();
    expect(await redis.get(`TIMESTAMP_EXPIRATION_${admin}_${app}`)).toBe('6');
  });

  test('stays where it is while the policy is suspended, and moves when it is released', async () => {
    await using _controller = await startController(namespace);
    const policy = policyOf('resting', 'deleg');
    const resting = await policy.until('to rest', ({ status }) =>
      (status.conditions ?? []).some(({ reason }) => reason === 'Suspended'),
    );
    expect(resting.status.apps).toHaveLength(1);
    await policy.change({ suspend: false });
    const lost = await policy.untilApp('to be lost', (state) => healthy(state)?.reason === 'SettingsLost');
    expect(lost.status).toMatchObject({
      marks: { root: markOf(installation.app('deleg'), 'root') },
      settingsRef: { name: 'tuf-settings-deleg' },
    });
    await policy.until('to have given it away', ({ status }) => status.apps === undefined);
  });

  test('is not lost when nothing guards the app at its first look; deleting the object forgets it for good', async () => {
    const app = installation.app('simple');
    await server.apply(await oldCRD());
    await namespace.kubectl('delete', 'rp,bst', '--all');
    await oldPolicy('quiet', { apps: [{ adminName: app.admin, appName: app.app }], suspend: true }, [
      oldEntry(app, seenTimestamp),
    ]);
    await server.apply(await readFile(file, 'utf8'));
    await using _controller = await startController(namespace);
    const policy = policyOf('quiet', 'simple');
    // As if the policy had been suspended right after the controller had created the object.
    const spec = { targetRef: { name: 'default' }, adminName: app.admin, appName: app.app };
    const metadata = { name: stateName('default', spec) };
    await namespace.apply({ apiVersion, kind: 'BootstrapState', metadata, spec });
    const resting = await policy.untilApp('to rest', (state) => healthy(state)?.reason === 'NotGuarded');
    expect(resting.status.marks?.timestamp?.version).toBe(99);

    await policy.change({ suspend: false });
    await policy.untilApp('to be refused', (state) => healthy(state)?.reason === 'RollbackDetected');
    await policy.until('to have given it away', ({ status }) => status.apps === undefined);
    await namespace.kubectl('delete', 'bst', metadata.name);
    await policy.change({ trigger: 'again' });
    const fresh = await policy.untilApp('to be as new', (state) => healthy(state)?.status === 'True');
    expect(fresh.status.marks?.timestamp?.version).toBeLessThan(99);
  });
});
