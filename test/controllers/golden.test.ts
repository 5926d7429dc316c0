import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOLDEN_APPS } from '../harness/golden.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(GOLDEN_APPS);
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

describe('apps as a real server leaves them, after a full loss of Redis', () => {
  test.each(GOLDEN_APPS)('%s: one manifest brings every setting back exactly', async (name) => {
    const app = installation.app(name);
    const redis = await installation.redis.client();
    await namespace.start(`lost-${name}`, { adminName: app.admin, appName: app.app });

    const { run, succeeded } = await namespace.ended(`lost-${name}`);
    expect(succeeded).toMatchObject({ status: 'True', reason: 'Recovered' });
    expect(run.status).toMatchObject({ taskID: run.metadata.uid, state: 'FullLoss', attempts: 1 });
    expect(run.status.completionTime).toBeDefined();
    expect(await app.differences(redis, run.metadata.uid)).toEqual([]);
    expect(await redis.get(`RECOVERY_LOCK_${app.admin}_${app.app}`)).toBeNull();
    expect(JSON.parse((await redis.get(`task:${run.metadata.uid}`)) ?? '{}')).toMatchObject({
      state: 'SUCCESS',
    });
    expect(conditionOf(run, 'Ready')?.status).toBe('True');
  });

  test.each(GOLDEN_APPS)('%s: a second run finds nothing to do and writes nothing', async (name) => {
    const app = installation.app(name);
    const redis = await installation.redis.client();
    const marker = await redis.get(`BOOTSTRAP_${app.admin}_${app.app}`);
    await namespace.start(`again-${name}`, { adminName: app.admin, appName: app.app });

    const { run, succeeded } = await namespace.ended(`again-${name}`);
    expect(succeeded).toMatchObject({ status: 'True', reason: 'AlreadyConsistent' });
    expect(conditionOf(run, 'Accepted')).toMatchObject({ status: 'False', reason: 'NotRequired' });
    expect(await app.differences(redis, marker ?? '')).toEqual([]);
  });
});
