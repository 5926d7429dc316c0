import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import type { GoldenApp } from '../harness/golden.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

const alone = { args: ['--no-leader-elect'] };

let namespace: TestNamespace;
let installation: Installation;
let app: GoldenApp;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['config']);
  app = installation.app('config');
  await namespace.apply(...installation.secrets, installation.target());
});

afterAll(() => installation?.[Symbol.asyncDispose]());

beforeEach(async () => {
  await namespace.kubectl('delete', 'rp,bsr,bst', '--all');
  await app.putInto(installation.s3, installation.bucket);
  const redis = await installation.redis.client();
  await redis.flushall();
  await app.restoreTo(redis);
});

/** A policy whose app is remembered. */
async function remembers(name: string): Promise<TestPolicy> {
  const policy = await createPolicy(namespace, name, app);
  await policy.untilApp('to be remembered', ({ status }) => status.capturedSettings !== undefined);
  return policy;
}

const timestampKey = () => `TIMESTAMP_EXPIRATION_${app.admin}_${app.app}`;

describe('settings of a healthy app', () => {
  test('are proven recoverable: what only the copy holds is named, and comes back', async () => {
    await using _controller = await startController(namespace, alone);
    const redis = await installation.redis.client();
    const policy = await remembers('captured');
    expect(findCondition((await policy.app()).status.conditions, 'Recoverable')?.reason).toBe('Exact');
    // As PUT config does: nothing is signed with it yet.
    await redis.set(timestampKey(), '6');
    const copied = await policy.untilApp(
      'to be in the copy',
      ({ status }) => findCondition(status.conditions, 'Recoverable')?.reason === 'CopyOnly',
    );
    expect(copied.status.recoverable).toMatchObject({
      copyOnly: 1,
      differences: [{ key: timestampKey(), value: '6' }],
    });
    await redis.flushall();
    await namespace.start('exact', { adminName: app.admin, appName: app.app });
    expect((await namespace.ended('exact')).succeeded.reason).toBe('Recovered');
    expect(await redis.get(timestampKey())).toBe('6');
  });
});
