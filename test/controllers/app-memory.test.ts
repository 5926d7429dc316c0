import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { isClockAhead } from '../harness/clock.ts';
import type { GoldenApp } from '../harness/golden.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { inAYear, Repository } from '../tuf/generator/repository.ts';
import { startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

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

/** An app signed by this suite, whose bucket can be put back to an older state. */
class SignedApp {
  readonly admin = 'alice';
  readonly app = 'rolled';

  async put(version: number): Promise<void> {
    const files = new Repository({ seed: 'rolled', version, expires: rolledExpiry }).seal();
    const prefix = `tuf_metadata/${this.admin}/${this.app}`;
    const client = installation.s3.client();
    const newer = ['targets', 'snapshot'].map((role) => `${prefix}/${version + 1}.${role}.json`);
    for (const Key of newer) {
      await client.send(new DeleteObjectCommand({ Bucket: installation.bucket, Key }));
    }
    await installation.s3.put(
      installation.bucket,
      [...files].map(([name, body]) => ({ key: `${prefix}/${name}`, body })),
    );
  }

  /** What the server's bootstrap would have written. */
  async configure(): Promise<void> {
    const suffix = `${this.admin}_${this.app}`;
    const roles = ['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'];
    await (await installation.redis.client()).mset({
      [`BOOTSTRAP_${suffix}`]: 'bootstrapped',
      [`ROOT_SIGNING_${suffix}`]: '',
      [`TARGETS_ONLINE_KEY_${suffix}`]: '1',
      ...Object.fromEntries(
        roles.flatMap((role) => [
          [`${role}_EXPIRATION_${suffix}`, '365'],
          [`${role}_THRESHOLD_${suffix}`, '1'],
          [`${role}_NUM_KEYS_${suffix}`, '1'],
        ]),
      ),
    });
  }
}

const rolledExpiry = inAYear(new Date());
const condition = ({ status }: BootstrapState, type: string) => findCondition(status.conditions, type);

const timestampKey = () => `TIMESTAMP_EXPIRATION_${app.admin}_${app.app}`;

describe('a bucket that is put back to an older state', () => {
  test('is refused by every run of the app, and the app promises no recovery from then on', async () => {
    await using _controller = await startController(namespace);
    const rolled = new SignedApp();
    await rolled.put(2);
    await rolled.configure();
    await namespace.apply(installation.target('first-use', { trust: { onFirstUse: true } }));
    const policy = await createPolicy(namespace, 'rolled', rolled, { targetRef: { name: 'first-use' } });
    const before = await policy.untilApp(
      'to be recoverable',
      (state) => condition(state, 'Recoverable')?.status === 'True',
    );
    expect(before.status.marks?.timestamp?.version).toBe(2);

    await rolled.put(1);
    // By a person, before the controller's own look at the bucket is due; and without a policy of its own.
    await namespace.start('older', {
      adminName: rolled.admin,
      appName: rolled.app,
      targetRef: { name: 'first-use' },
      strategy: 'Always',
    });
    expect((await namespace.ended('older')).succeeded.reason).toBe('RollbackDetected');
    const refused = await policy.untilApp(
      'to be unverifiable',
      ({ status }) => status.state === 'Unverifiable',
    );
    expect(condition(refused, 'Healthy')).toMatchObject({ status: 'Unknown', reason: 'RollbackDetected' });
    expect(condition(refused, 'Recoverable')).toMatchObject({ status: 'False', reason: 'RollbackDetected' });
    expect(condition(refused, 'Fresh')?.status).toBe('Unknown');
    expect(refused.status.recoverable).toBeUndefined();
    expect(refused.status.freshUntilTime).toBeUndefined();
    expect(refused.status.marks).toEqual(before.status.marks);
    // When it was verified; the API server prints the age of a time that is still to come as invalid.
    const age = isClockAhead() ? '<invalid>' : '\\d';
    expect(await namespace.kubectl('get', 'bst', '--no-headers')).toMatch(
      new RegExp(`rolled\\s+Unknown\\s+Unverifiable\\s+${age}`),
    );

    await rolled.put(2);
    await policy.change({ trigger: 'put right' });
    await policy.untilApp(
      'to be recoverable again',
      (state) => condition(state, 'Recoverable')?.status === 'True',
    );
  });

  test('is no way back for an app that has lost its settings: no run is created', async () => {
    await using _controller = await startController(namespace);
    const rolled = new SignedApp();
    await rolled.put(2);
    await rolled.configure();
    await namespace.apply(installation.target('first-use', { trust: { onFirstUse: true } }));
    const policy = await createPolicy(namespace, 'lost', rolled, {
      targetRef: { name: 'first-use' },
      action: 'Recover',
      stabilizationSeconds: 0,
    });
    await policy.untilApp('to be healthy', (state) => condition(state, 'Healthy')?.status === 'True');
    await rolled.put(1);
    await (await installation.redis.client()).flushall();
    await policy.untilApp(
      'to be refused',
      (state) => condition(state, 'Healthy')?.reason === 'RollbackDetected',
    );
    expect((await policy.app()).status.recoveries ?? []).toEqual([]);
    expect(await policy.runs()).toEqual([]);
  });
});

describe('settings of a healthy app', () => {
  test('are proven recoverable: what only the copy holds is named, and comes back', async () => {
    await using _controller = await startController(namespace);
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
