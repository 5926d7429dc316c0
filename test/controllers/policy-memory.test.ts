import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freshApp } from '../harness/fresh-app.ts';
import type { GoldenApp } from '../harness/golden.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { inAYear, Repository, type RepositoryOptions } from '../tuf/generator/repository.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;
/** The app as it is, and as it was before the last signing. */
let app: GoldenApp;
let earlier: GoldenApp;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['config']);
  app = installation.app('config');
  earlier = await freshApp('config', 'bootstrapped');
  await namespace.apply(...installation.secrets, installation.target());
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await namespace.kubectl('delete', 'rp,bsr', '--all');
  await app.putInto(installation.s3, installation.bucket);
  const redis = await installation.redis.client();
  await redis.flushall();
  await app.restoreTo(redis);
});

/** A policy that has seen the app healthy. */
async function remembers(name: string): Promise<TestPolicy> {
  const policy = await createPolicy(namespace, name, app);
  await policy.until('to remember the app', ({ status }) => status.apps?.[0]?.settingsRef !== undefined);
  return policy;
}

/** The bucket as it was earlier: the newer files stay, as they do when somebody puts an old timestamp.json back. */
async function rollBack(): Promise<number> {
  await earlier.putInto(installation.s3, installation.bucket);
  const timestamp = earlier.objects.find(({ name }) => name === 'timestamp.json');
  return JSON.parse(Buffer.from(timestamp?.body ?? '').toString('utf8')).signed.version;
}

describe('what a policy has verified', () => {
  test('is remembered with version and digest', async () => {
    const policy = await remembers('marks');
    expect((await policy.app()).marks).toEqual(
      Object.fromEntries(
        ['root', 'timestamp', 'snapshot'].map((role) => [
          role,
          { version: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        ]),
      ),
    );
  });

  test('binds every run for that app: a bucket put back to an older state is refused', async () => {
    const policy = await remembers('marks');
    const before = await policy.app();
    const old = await rollBack();
    await (await installation.redis.client()).flushall();

    await namespace.start('refused', { adminName: app.admin, appName: app.app });
    const { run, succeeded } = await namespace.ended('refused');
    expect(succeeded).toMatchObject({ status: 'False', reason: 'RollbackDetected' });
    expect(run.status.findings?.[0]).toMatchObject({ override: 'trust.acceptRollbackTo' });

    // For the policy it is no loss: nothing can be said about the settings, and nothing is repaired.
    const seen = await policy.look();
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'RollbackDetected' });
    expect(seen.status.apps?.[0]).toMatchObject({ state: 'Unverifiable', consecutiveLosses: 0 });
    expect(seen.status.apps?.[0]?.marks).toEqual(before.marks);
    expect(await controller.metrics()).toContain(
      `bootstrap_recovery_policy_untrusted_apps{namespace="${namespace.name}",policy="marks"} 1`,
    );

    await namespace.start('accepted', {
      adminName: app.admin,
      appName: app.app,
      trust: { acceptRollbackTo: old },
    });
    expect((await namespace.ended('accepted')).succeeded.reason).toBe('Recovered');

    // A person's answer holds for the policy, too, and lowers no mark.
    await policy.change({ recoveryTemplate: { trust: { acceptRollbackTo: old } } });
    const accepted = await policy.until(
      'to accept it',
      ({ status }) => status.apps?.[0]?.state === 'Healthy',
    );
    expect(accepted.status.apps?.[0]?.marks).toEqual(before.marks);
  });

  test('binds no run of another target', async () => {
    await remembers('marks');
    await namespace.apply(installation.target('other'));
    await rollBack();
    await namespace.start('other-target', {
      targetRef: { name: 'other' },
      adminName: app.admin,
      appName: app.app,
      mode: 'Verify',
    });
    expect((await namespace.ended('other-target')).run.status.trust).toBeDefined();
  });

  test('is followed through a rotation of keys, after which versions may begin anew', async () => {
    const expires = inAYear(new Date());
    const put = (options: RepositoryOptions) =>
      installation.s3.put(
        installation.bucket,
        [...new Repository({ seed: 'rotating', expires, ...options }).seal()].map(([name, body]) => ({
          key: `tuf_metadata/${app.admin}/rotating/${name}`,
          body,
        })),
      );
    await put({ version: 9 });
    await namespace.apply(installation.target('rotating', { trust: { onFirstUse: true } }));
    const rotating = { admin: app.admin, app: 'rotating' };
    const policy = await createPolicy(namespace, 'rotating', rotating, { targetRef: { name: 'rotating' } });
    const seen = await policy.until('to verify it', ({ status }) => status.apps?.[0]?.marks !== undefined);
    expect(seen.status.apps?.[0]?.marks).toMatchObject({ root: { version: 1 }, timestamp: { version: 9 } });

    await put({ roots: 2, rotate: ['timestamp'], version: 2 });
    const after = await policy.look();
    expect(conditionOf(after, 'Ready')?.status).toBe('True');
    expect(after.status.apps?.[0]?.marks).toMatchObject({ root: { version: 2 }, timestamp: { version: 2 } });

    // And from there on they bind again.
    await put({ roots: 2, rotate: ['timestamp'], version: 1 });
    expect(conditionOf(await policy.look(), 'Ready')?.reason).toBe('RollbackDetected');
  });

  test('keeps an app in sight whose metadata has vanished', async () => {
    await namespace.apply(installation.target('discovered'));
    const policy = await createPolicy(namespace, 'vanishing', app, { targetRef: { name: 'discovered' } });
    await policy.until('to see it', ({ status }) => status.apps?.[0]?.marks !== undefined);
    const patch = (kind: string, name: string, spec: object) =>
      namespace.kubectl('patch', kind, name, '--type=merge', `--patch=${JSON.stringify({ spec })}`);
    await patch('rp', 'vanishing', { apps: null, discover: true });
    await patch('rt', 'discovered', { storage: { prefix: 'elsewhere' } });
    await poll('the target to find nothing', async () => {
      return (await namespace.target('discovered')).status.appCount === 0;
    });
    const seen = await policy.look();
    expect(conditionOf(seen, 'Ready')).toMatchObject({ status: 'False', reason: 'SourceNotBootstrapped' });
    expect(seen.status.apps?.[0]?.marks).toBeDefined();
  });
});

describe('what a policy has captured', () => {
  /** Settings nobody could infer: one that is never signed with, one that was not signed with yet. */
  async function configure(): Promise<ReadonlyMap<string, string>> {
    const changed = new Map([
      [`TARGETS_ONLINE_KEY_${app.admin}_${app.app}`, '0'],
      [`TIMESTAMP_EXPIRATION_${app.admin}_${app.app}`, '77'],
    ]);
    const redis = await installation.redis.client();
    for (const [key, value] of changed) {
      await redis.set(key, value);
    }
    return changed;
  }

  test('is restored exactly, with nothing inferred, and says where it comes from', async () => {
    const changed = await configure();
    await remembers('captured');
    const redis = await installation.redis.client();
    await redis.flushall();
    await namespace.start('exact', { adminName: app.admin, appName: app.app });
    const { run, succeeded } = await namespace.ended('exact');
    expect(succeeded.reason).toBe('Recovered');
    for (const [key, value] of changed) {
      expect([key, await redis.get(key)]).toEqual([key, value]);
    }
    const actions = run.status.plan?.actions?.filter(({ key }) => changed.has(key));
    expect(actions?.map(({ source, confidence }) => [source, confidence])).toEqual([
      ['Captured', 'exact'],
      ['Captured', 'exact'],
    ]);
  });

  test('follows a setting that changes, and is not written again while none does', async () => {
    const policy = await remembers('captured');
    const { name = '' } = (await policy.app()).settingsRef ?? {};
    const read = async () => JSON.parse(await namespace.kubectl('get', 'configmap', name, '--output=json'));
    const first = await read();
    await policy.look();
    expect((await read()).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const changed = await configure();
    await policy.look();
    const { values } = JSON.parse((await read()).data['settings.json']);
    expect(values).toMatchObject(Object.fromEntries(changed));
    expect(JSON.stringify(values)).not.toContain('BOOTSTRAP_');
  });

  test('is not taken from an app with a loss', async () => {
    const policy = await remembers('captured');
    const { name = '' } = (await policy.app()).settingsRef ?? {};
    const text = async () => namespace.kubectl('get', 'configmap', name, '--output=json');
    const before = await text();
    const redis = await installation.redis.client();
    await redis.set(`TIMESTAMP_EXPIRATION_${app.admin}_${app.app}`, '0');
    expect((await policy.look()).status.apps?.[0]?.state).not.toBe('Healthy');
    expect(await text()).toBe(before);
  });

  test('is left alone when the policy is told not to capture', async () => {
    await configure();
    const policy = await remembers('captured');
    await policy.change({ captureSettings: false });
    await policy.until('to forget it', ({ status }) => status.apps?.[0]?.settingsRef === undefined);
    await (await installation.redis.client()).flushall();
    await namespace.start('inferred', { adminName: app.admin, appName: app.app });
    const { run } = await namespace.ended('inferred');
    expect(run.status.plan?.actions?.map(({ source }) => source)).not.toContain('Captured');
  });

  test('that somebody made unreadable is done without', async () => {
    const policy = await remembers('captured');
    const { name = '' } = (await policy.app()).settingsRef ?? {};
    const patch = JSON.stringify({ data: { 'settings.json': '{"values":' } });
    await namespace.kubectl('patch', 'configmap', name, '--type=merge', `--patch=${patch}`);
    await (await installation.redis.client()).flushall();
    await namespace.start('without', { adminName: app.admin, appName: app.app });
    expect((await namespace.ended('without')).succeeded.reason).toBe('Recovered');
    expect((await controller.log()).map(({ msg }) => msg)).toContain(
      'captured settings are malformed; going on without them',
    );
  });
});
