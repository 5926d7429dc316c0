import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { secret } from '../controllers/support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { fieldInput } from './field.ts';

let namespace: TestNamespace;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer(), 'field');
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
});

test('[06] targets with the endpoints and buckets of real stores are accepted', async () => {
  const applied = await namespace.kubectl(
    ...['apply', '--dry-run=server', `--filename=${fieldInput('06', 'target.yaml')}`],
  );
  expect(applied.match(/recoverytarget\S* created/g)).toHaveLength(2);
});

test('[13] a Secret that comes after the objects of its commit is waited for', async () => {
  expect(await readFile(fieldInput('13', 'run.yaml'), 'utf8')).toContain('comes-later');
  await namespace.kubectl('apply', `--filename=${fieldInput('13', 'run.yaml')}`);
  const waiting = await namespace.reason('tuf', 'WaitingForTarget');
  expect(conditionOf(waiting, 'Succeeded')?.message).toMatch(/Secret .*\/comes-later does not exist/);
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  await namespace.apply(secret('comes-later', { password: 'p', ...keys }));
  // It names a Redis and a bucket that are not there, so all it can do is begin.
  await poll('the run to begin', async () => (await namespace.run('tuf')).status.startTime !== undefined);
});
