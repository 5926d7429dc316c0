import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';

let served: TestNamespace;
let alsoServed: TestNamespace;
let foreign: TestNamespace;
let installation: Installation;

beforeAll(async () => {
  const cluster = await sharedAPIServer();
  [served, alsoServed, foreign] = [
    await testNamespace(cluster),
    await testNamespace(cluster),
    await testNamespace(cluster),
  ];
  installation = await startInstallation(['simple', 'deleg']);
});

afterAll(() => installation?.[Symbol.asyncDispose]());

test('one controller serves several namespaces by a Role in each, and touches no other', async () => {
  const kubeconfig = await served.controllerKubeconfig();
  await alsoServed.allowController(served.name);
  for (const namespace of [served, alsoServed, foreign]) {
    await namespace.apply(...installation.secrets, installation.target());
  }
  // The later flag counts.
  const args = [`--namespaces=${served.name},${alsoServed.name}`];
  await using controller = await startController(served, { kubeconfig, args });
  const simple = installation.app('simple');
  const deleg = installation.app('deleg');
  await foreign.start('not-ours', { adminName: simple.admin, appName: simple.app });
  await served.start('here', { adminName: simple.admin, appName: simple.app });
  await alsoServed.start('there', { adminName: deleg.admin, appName: deleg.app });

  expect((await served.ended('here')).succeeded.reason).toBe('Recovered');
  expect((await alsoServed.ended('there')).succeeded.reason).toBe('Recovered');
  const untouched = await foreign.run('not-ours');
  expect(untouched.status).toEqual({ observedGeneration: -1 });
  expect(untouched.metadata.finalizers).toBeUndefined();
  expect(await controller.metrics()).toMatch(/^bootstrap_recovery_watch_starts_total\{.*\} 2$/m);
  expect(await controller.process.log(), 'nothing was forbidden').not.toMatch(/forbidden/i);
});

test('a namespace without its Role holds up none of the others, and is served when the Role is there', async () => {
  const cluster = await sharedAPIServer();
  const [ours, closed] = [await testNamespace(cluster), await testNamespace(cluster)];
  await using own = await startInstallation(['simple']);
  const kubeconfig = await ours.controllerKubeconfig();
  for (const namespace of [ours, closed]) {
    await namespace.apply(...own.secrets, own.target());
  }
  const app = own.app('simple');
  const spec = { adminName: app.admin, appName: app.app };
  await closed.start('closed', spec);
  const args = [`--namespaces=${closed.name},${ours.name}`];
  await using controller = await startController(ours, { kubeconfig, args });
  await ours.start('open', spec);
  expect((await ours.ended('open')).succeeded.reason).toBe('Recovered');
  expect((await closed.run('closed')).status).toEqual({ observedGeneration: -1 });
  expect(await controller.process.log(), 'what is missing is logged').toMatch(/403 Forbidden/);
  await closed.allowController(ours.name);
  expect((await closed.ended('closed')).succeeded.reason).toBe('AlreadyConsistent');
});
