import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { clockAheadOfOurs } from '../harness/clock.ts';
import { type FaultProxy, startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { type ServerStandIn, type StandInApp, startServerStandIn } from '../harness/server-stand-in.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { Repository } from '../tuf/generator/repository.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, secret, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

const app = { admin: 'alice', app: 'stale' };
const dayMs = 86_400_000;
const at = (days: number): string => `${new Date(Date.now() + days * dayMs).toISOString().slice(0, 19)}Z`;
/** One root for all versions: it is pinned. */
const rootExpires = at(300);
const repositoryOf = (version: number) => new Repository({ seed: 'stale', version, expires: rootExpires });

let namespace: TestNamespace;
let installation: Installation;
let server: ServerStandIn;
/** To the server, for the target cut-off. */
let way: FaultProxy;
let version = 1;
/** What the server signs with and answers; changed by tests. */
let behaviour: { failure?: string; isBootstrapped: boolean; signs: boolean };

/** The app with everything expired but its root, or with everything as new. */
async function put(next: number, expired: boolean): Promise<void> {
  version = next;
  const repository = repositoryOf(next);
  for (const file of [repository.targets, repository.snapshot, repository.timestamp]) {
    file.signed['expires'] = at(expired ? -1 : 30);
  }
  await installation.s3.put(
    installation.bucket,
    [...repository.seal()].map(([name, body]) => ({
      key: `tuf_metadata/${app.admin}/${app.app}/${name}`,
      body,
    })),
  );
}

/** Every setting the app needs. */
async function configure(): Promise<void> {
  const redis = await installation.redis.client();
  const suffix = `${app.admin}_${app.app}`;
  const roles = ['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'];
  await redis.mset({
    [`BOOTSTRAP_${suffix}`]: 'bootstrapped',
    [`ROOT_SIGNING_${suffix}`]: '',
    [`TARGETS_ONLINE_KEY_${suffix}`]: '1',
    ...Object.fromEntries(
      roles.flatMap((role) => [
        [`${role}_EXPIRATION_${suffix}`, '30'],
        [`${role}_THRESHOLD_${suffix}`, '1'],
        [`${role}_NUM_KEYS_${suffix}`, '1'],
      ]),
    ),
  });
}

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation([]);
  behaviour = { isBootstrapped: true, signs: true };
  const stale: StandInApp = {
    delegated: [],
    isBootstrapped: () => behaviour.isBootstrapped,
    get failure() {
      return behaviour.failure as string;
    },
    sign: async () => {
      if (behaviour.signs) {
        await put(version + 1, false);
      }
    },
  };
  server = await startServerStandIn({
    secret: 'jwt-secret',
    passwords: new Map([[app.admin, 'pass']]),
    apps: new Map([[app.app, stale]]),
    mostLogins: 5,
  });
  way = await startFaultProxy({ port: Number(new URL(server.url).port) });
  const cutOff = `http://${way.host}:${way.port}`;
  const root = repositoryOf(1).seal().get('1.root.json') ?? '';
  const trust = { rootSHA256: createHash('sha256').update(root).digest('hex') };
  await namespace.apply(
    ...installation.secrets,
    secret('jwt', { secret: 'jwt-secret' }),
    secret('logins', { [app.admin]: 'pass' }),
    installation.target('default', { trust, api: { url: server.url, jwtSecretRef: { name: 'jwt' } } }),
    installation.target('cut-off', { trust, api: { url: cutOff, jwtSecretRef: { name: 'jwt' } } }),
    installation.target('by-login', { trust, api: { url: server.url, loginSecretRef: { name: 'logins' } } }),
  );
});

afterAll(async () => {
  await way?.stop();
  await server?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await namespace.kubectl('delete', 'rp,bsr,bst', '--all');
  behaviour = { isBootstrapped: true, signs: true };
  await put(version + 1, true);
  await configure();
});

const fresh = (policy: TestPolicy, status: string, what: string) =>
  policy.untilApp(what, (state) => findCondition(state.status.conditions, 'Fresh')?.status === status);

describe('metadata that has expired', () => {
  test.each(['default', 'by-login'])(
    'is signed again when the policy asks for it, and only the bucket is believed (%s)',
    async (target) => {
      await using _controller = await startController(namespace);
      const before = server.calls.length;
      const loginsBefore = server.logins.length;
      const signed = version;
      const policy = await createPolicy(namespace, 'fresh', app, {
        targetRef: { name: target },
        refresh: 'BeforeExpiry',
        action: 'Recover',
      });
      const seen = await policy.untilApp(
        'to be fresh',
        ({ status }) => status.refresh?.state === 'Succeeded',
      );
      expect(findCondition(seen.status.conditions, 'Fresh')?.status).toBe('True');
      expect(seen.status.metadata?.timestamp?.version).toBe(signed + 1);
      expect(server.calls.slice(before)).toEqual([
        { app: app.app, roles: ['targets', 'snapshot', 'timestamp'], status: 202 },
      ]);
      expect(server.logins.length - loginsBefore).toBe(target === 'by-login' ? 1 : 0);
    },
  );

  test('stays as it is unless the policy asks for a refresh, and the condition says what to do', async () => {
    await using _controller = await startController(namespace);
    const before = server.calls.length;
    const policy = await createPolicy(namespace, 'never', app);
    const seen = await fresh(policy, 'False', 'to be stale');
    expect(findCondition(seen.status.conditions, 'Fresh')).toMatchObject({
      reason: 'Expired',
      message: expect.stringContaining('refresh'),
    });
    await policy.change({ refresh: 'AfterRecovery' });
    await policy.verify();
    // No recovery has ended.
    expect(server.calls.length).toBe(before);
  });

  test('is signed again after a recovery, also one by hand', async () => {
    await using _controller = await startController(namespace);
    const policy = await createPolicy(namespace, 'after', app, { refresh: 'AfterRecovery' });
    await fresh(policy, 'False', 'to be stale');
    const redis = await installation.redis.client();
    await redis.del(`SNAPSHOT_EXPIRATION_${app.admin}_${app.app}`);
    await namespace.start('by-hand', { adminName: app.admin, appName: app.app });
    expect((await namespace.ended('by-hand')).succeeded.reason).toBe('Recovered');
    await fresh(policy, 'True', 'to be fresh');
  });

  test('is signed again after a run that asks for it, although its policy does not', async () => {
    await using _controller = await startController(namespace);
    const policy = await createPolicy(namespace, 'only-watching', app);
    await fresh(policy, 'False', 'to be stale');
    const before = server.calls.length;
    const redis = await installation.redis.client();
    const spec = { adminName: app.admin, appName: app.app };
    const lose = () => redis.del(`SNAPSHOT_EXPIRATION_${app.admin}_${app.app}`);
    await lose();
    await namespace.start('not-asking', spec);
    expect((await namespace.ended('not-asking')).succeeded.reason).toBe('Recovered');
    await policy.verify();
    expect(server.calls.length).toBe(before);
    await lose();
    await namespace.start('asking', { ...spec, refresh: 'AfterRecovery' });
    expect((await namespace.ended('asking')).succeeded.reason).toBe('Recovered');
    await fresh(policy, 'True', 'to be fresh');
    expect(server.calls.length).toBe(before + 1);
  });

  test('a server that does not find its bootstrap yet is asked again', async () => {
    await using _controller = await startController(namespace);
    behaviour.isBootstrapped = false;
    const before = server.calls.length;
    const policy = await createPolicy(namespace, 'patient', app, { refresh: 'BeforeExpiry' });
    await poll('the first call', () => server.calls.length > before);
    behaviour.isBootstrapped = true;
    await fresh(policy, 'True', 'to be fresh');
    expect(server.calls.at(-1)?.status).toBe(202);
  });

  test('success without new metadata is a failure; it is reported, and the call is not repeated at once', async () => {
    await using _controller = await startController(namespace);
    behaviour.failure = 'failed to load timestamp private key';
    const before = server.calls.length;
    const policy = await createPolicy(namespace, 'failing', app, { refresh: 'BeforeExpiry' });
    const seen = await policy.untilApp('to fail', ({ status }) => status.refresh?.state === 'Failed');
    expect(seen.status.refresh).toMatchObject({ failures: 1, message: behaviour.failure });
    expect(findCondition(seen.status.conditions, 'Fresh')?.status).toBe('False');
    await policy.verify();
    expect(server.calls.length).toBe(before + 1);
  });

  test('a controller that dies while the server signs leads to one call, not two', async () => {
    behaviour.signs = false;
    const kubeconfig = await namespace.controllerKubeconfig();
    const before = server.calls.length;
    const policy = await (async () => {
      await using first = await startController(namespace, { kubeconfig });
      const created = await createPolicy(namespace, 'killed', app, { refresh: 'BeforeExpiry' });
      await poll('the call', () => server.calls.length > before);
      await first.process.kill();
      return created;
    })();
    await put(version + 1, false);
    await using _next = await startController(namespace, { kubeconfig });
    await policy.untilApp('to succeed', ({ status }) => status.refresh?.state === 'Succeeded');
    expect(server.calls.length).toBe(before + 1);
  });

  test('a controller that dies between the recorded order and the call leads to one call, once the order is given up', async () => {
    await way.inject({ kind: 'blackHole' });
    const kubeconfig = await namespace.controllerKubeconfig();
    const before = server.calls.length;
    let policy: TestPolicy;
    {
      await using first = await startController(namespace, { kubeconfig });
      policy = await createPolicy(namespace, 'unsent', app, {
        targetRef: { name: 'cut-off' },
        refresh: 'BeforeExpiry',
      });
      await policy.untilApp('to be ordered', ({ status }) => status.refresh?.state === 'Ordered');
      await first.process.kill();
    }
    // What was on its way to the server is lost.
    way.resetAll();
    await way.heal();
    expect(server.calls.length).toBe(before);
    // Until then the server may be signing: the order may have been sent.
    const env = clockAheadOfOurs(100_000);
    await using _later = await startController(namespace, { kubeconfig, env });
    const seen = await policy.untilApp('to succeed', ({ status }) => status.refresh?.state === 'Succeeded');
    expect(seen.status.refresh?.requests).toHaveLength(2);
    expect(server.calls.length).toBe(before + 1);
  });

  test.each(['killed', 'paused'] as const)(
    'a leader that is %s while the server signs leads to one call',
    async (how) => {
      behaviour.signs = false;
      const replica = {
        kubeconfig: await namespace.controllerKubeconfig(),
        leaderElection: true,
        args: [`--lease-name=refresh-${how}`],
      };
      const leads = async (controller: ControllerProcess): Promise<boolean> =>
        (await controller.log()).some(({ msg }) => msg === 'became leader');
      const before = server.calls.length;
      await using first = await startController(namespace, replica);
      await poll('the first to lead', () => leads(first));
      await using second = await startController(namespace, replica);
      const policy = await createPolicy(namespace, how, app, { refresh: 'BeforeExpiry' });
      await poll('the call', () => server.calls.length > before);
      if (how === 'killed') {
        await first.process.kill();
      } else {
        first.process.suspend();
      }
      await poll('the second to lead', () => leads(second));
      await put(version + 1, false);
      await policy.untilApp('to succeed', ({ status }) => status.refresh?.state === 'Succeeded');
      if (how === 'paused') {
        first.process.resume();
        expect(await first.process.exited).toMatchObject({ code: 1 });
      }
      expect(server.calls.length).toBe(before + 1);
    },
  );
});
