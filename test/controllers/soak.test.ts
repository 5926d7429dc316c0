import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../src/api/condition.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, secret, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { existingPolicy, type TestPolicy } from './support/policies.ts';
import { type RecordedOperation, ReplayedApp, recordedOperations } from './support/recorded-history.ts';
import { watchStates } from './support/watched-states.ts';

const admin = 'alice';
const operations = recordedOperations();
/**
 * What the driver of the recording deleted before the operation began: a real loss, that the server itself
 * repairs.
 */
const lostBefore = new Map<string, RegExp>([
  ['own-recovery', /./],
  ['own-recovery-killed', /./],
  ['own-recovery-partial-loss', /^SNAPSHOT_EXPIRATION_/],
]);
/** The server's own recovery was killed in the middle, and what follows begins there. */
const isLossy = (name: string): boolean => lostBefore.has(name) || name === 'own-recovery-after-kill';
/** The app is whole when it has ended. */
const endsWhole = (name: string): boolean => !/failed|killed|after-kill/.test(name);

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation([]);
  const redis = await installation.redis.client();
  // May read and write what the documentation says, and not have changes reported: what a policy does then is
  // poll.
  await redis.acl('SETUSER', 'polling', 'on', '>polling', '~*', '+@all', '-client|tracking', '&*');
  const target = (username: string, name: string) => ({
    redis: {
      address: `${installation.redis.host}:${installation.redis.port}`,
      username,
      passwordSecretRef: { name, key: 'password' },
    },
    trust: { onFirstUse: true },
  });
  await namespace.apply(
    ...installation.secrets,
    secret('polling', { password: 'polling' }),
    installation.target('immediate', target('default', 'redis')),
    installation.target('polling', target('polling', 'polling')),
  );
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

/** What was said of an app, each time that it changed. */
interface Said {
  readonly during: string;
  readonly app: string;
  readonly healthy: string;
  readonly recoverable: string;
}

/** The apps of a recording, done again under a policy, with all that the controller says of them. */
class Replay {
  readonly said: Said[] = [];
  readonly #target: string;
  readonly #apps: ReadonlyMap<string, ReplayedApp>;
  readonly #latest = new Map<string, BootstrapState>();
  readonly #policy: TestPolicy;
  #operation = 'before';
  #triggers = 0;

  constructor(target: string, apps: ReadonlyMap<string, ReplayedApp>) {
    const [first] = apps.values();
    if (first === undefined) {
      throw new Error('nothing was recorded');
    }
    this.#target = target;
    this.#apps = apps;
    this.#policy = existingPolicy(namespace, target, first, target);
  }

  hear(state: BootstrapState): void {
    const { spec, status } = state;
    if (spec.targetRef.name !== this.#target) {
      return;
    }
    this.#latest.set(spec.appName, state);
    const of = (type: string): string => {
      const { status: is = '', reason = '', message = '' } = findCondition(status.conditions, type) ?? {};
      return `${is} ${reason}: ${message}`;
    };
    const [healthy, recoverable] = [of('Healthy'), of('Recoverable')];
    this.said.push({ during: this.#operation, app: spec.appName, healthy, recoverable });
  }

  async run(recorded: RecordedOperation, onto = recorded.app): Promise<void> {
    const app = this.#apps.get(onto);
    if (app === undefined) {
      throw new Error(`${onto} is no app of the recording`);
    }
    this.#operation = recorded.name;
    const redis = await installation.redis.client();
    const before = await app.contents();
    const lost = [...before.keys()].filter((key) => lostBefore.get(recorded.name)?.test(key));
    if (lost.length > 0) {
      await redis.del(...lost);
    }
    // Verified in full at the same time, so that files are read between two of the server's writes.
    await this.#verify();
    await app.replay(recorded);
    if (recorded.name === 'own-recovery-partial-loss') {
      // The server gives up; what is lost stays so until a person helps.
      await redis.mset(...lost.flatMap((key) => [key, before.get(key) ?? '']));
    }
    await delay(300);
    // Whatever was being found out until now is written before this verification is.
    const revision = this.#latest.get(app.app)?.status.policyRevision;
    await this.#verify();
    if (endsWhole(recorded.name)) {
      await poll(`${recorded.name} of ${app.app} to be whole`, () => {
        const status = this.#latest.get(app.app)?.status;
        const is = (type: string) => findCondition(status?.conditions, type)?.status === 'True';
        return status?.policyRevision !== revision && is('Healthy') && is('Recoverable');
      });
    }
  }

  async #verify(): Promise<void> {
    this.#triggers += 1;
    await this.#policy.change({ trigger: `${this.#operation} ${this.#triggers}` });
  }
}

describe.concurrent.each(['immediate', 'polling'])('what the server does is no loss (%s)', (target) => {
  test(`no run and no wrong condition over ${operations.length} recorded operations in Redis and the bucket`, async () => {
    const { s3, bucket } = installation;
    const redis = await installation.redis.client();
    const recordings = [...new Set(operations.map(({ app }) => app))];
    const apps = new Map(
      recordings.map((recorded, at) => [
        recorded,
        new ReplayedApp(redis, s3, bucket, admin, `${target}-${at}`),
      ]),
    );
    await namespace.apply({
      apiVersion,
      kind: 'RecoveryPolicy',
      metadata: { name: target },
      spec: {
        targetRef: { name: target },
        apps: [...apps.values()].map(({ app }) => ({ adminName: admin, appName: app })),
        action: 'Recover',
        stabilizationSeconds: 5,
      },
    });
    const replay = new Replay(target, apps);
    await using _watching = await watchStates(namespace, (state) => replay.hear(state));
    const bootstrap = operations.find(({ name }) => name === 'bootstrap');
    for (const recorded of recordings) {
      const history = operations.filter(({ app }) => app === recorded);
      if (bootstrap !== undefined && !history.some(({ name }) => name.startsWith('bootstrap'))) {
        await replay.run(bootstrap, recorded);
      }
      for (const each of history) {
        await replay.run(each);
      }
    }

    expect(replay.said.length).toBeGreaterThan(operations.length);
    const wrong = replay.said.filter(
      ({ during, healthy, recoverable }) =>
        !isLossy(during) && (healthy.startsWith('False') || recoverable.startsWith('False Values')),
    );
    expect(wrong).toEqual([]);
    const { items }: { items: BootstrapRecovery[] } = JSON.parse(
      await namespace.kubectl('get', 'bsr', '--output=json'),
    );
    expect(items).toEqual([]);
  });
});
