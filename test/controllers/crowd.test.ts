import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { adminClient } from './support/api-client.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { overlaps, putCrowd, runCrowd } from './support/crowd.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;
let client: APIClient;

const apps = 20;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await putCrowd(installation, apps);
  await namespace.apply(
    ...installation.secrets,
    installation.target('default', { trust: { onFirstUse: true } }),
  );
  controller = await startController(namespace);
  client = adminClient(namespace.cluster);
});

afterAll(async () => {
  await client?.close();
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

describe('many runs at once', () => {
  test('a hundred runs on twenty apps all end as they should, one at a time for each app', async () => {
    const result = await runCrowd(client, namespace.name, { apps, count: 100, timeoutMs: 300_000 });
    const reasons = [...result.runs.values()].map(
      ({ status }) => status.conditions?.find(({ type }) => type === 'Succeeded')?.reason,
    );
    expect(reasons.filter((reason) => reason === 'Recovered')).toHaveLength(apps);
    expect(reasons.filter((reason) => reason === 'AlreadyConsistent')).toHaveLength(100 - apps);
    expect(await overlaps(controller, result.runs)).toEqual([]);
    // The end of a run is written before its attempt is over.
    await expect.poll(() => controller.metrics()).toMatch(/^bootstrap_recovery_active_runs 0$/m);
  });
});
