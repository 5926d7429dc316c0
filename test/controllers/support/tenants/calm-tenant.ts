import type { BootstrapState } from '../../../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../../../src/api/condition.ts';
import { apiVersion, bootstrapStates } from '../../../../src/api/resources.ts';
import { systemClock } from '../../../../src/async/clock.ts';
import { stateName } from '../../../../src/controllers/bootstrapstate/names.ts';
import { Informer } from '../../../../src/kube/cache/informer.ts';
import type { APIClient } from '../../../../src/kube/client/api-client.ts';
import { poll } from '../../../harness/poll.ts';
import { observed } from '../../../kube/fixtures/observed.ts';
import type { SeededRandom } from '../../../tuf/generator/random.ts';
import { inAYear, Repository } from '../../../tuf/generator/repository.ts';
import { type Installation, startInstallation } from '../installation.ts';
import type { TestNamespace } from '../namespace.ts';
import { untruthsOf, watchTruth } from './truth.ts';

/** In which way an app loses its settings. */
export const lossKinds = ['keys deleted', 'Redis restarted empty', 'keys deleted while S3 restarts'] as const;

/** One of {@link lossKinds}. */
export type LossKind = (typeof lossKinds)[number];

/** How a loss went. */
export interface Loss {
  readonly kind: LossKind;
  readonly namespace: string;
  readonly app: string;
  /** Name of the BootstrapState. */
  readonly state: string;
  /** When its servers were back. */
  readonly at: Date;
  /** Milliseconds since it happened. */
  readonly knownMs: number;
  /** Milliseconds since its servers were back. */
  readonly repairedMs: number;
}

/** A tenant that does nothing wrong: one target, one policy, some apps. */
export interface CalmTenant extends AsyncDisposable {
  readonly namespace: TestNamespace;
  readonly installation: Installation;
  /** Names of its apps. */
  readonly apps: readonly string[];
  /**
   * Has its settings lost, and waits until each loss was known and repaired, by the controller and in Redis.
   */
  lose(kind: LossKind, random: SeededRandom, app: string): Promise<readonly Loss[]>;
  /** What its objects say that is not so, now that all is well. */
  untruths(): Promise<readonly string[]>;
  /** What its objects say that is not so, however shortly, during `work` that must not concern them. */
  sayingMeanwhile(work: () => Promise<unknown>): Promise<readonly string[]>;
}

const admin = 'calm';
const targetName = 'default';
/** Longer than any pause of the controller; a passing run doesn't wait for it. */
const patience = { timeoutMs: 300_000, intervalMs: 5 };

/** Starts its Redis and S3, bootstraps its apps and has them guarded. */
export async function startCalmTenant(
  client: APIClient,
  namespace: TestNamespace,
  appCount: number,
): Promise<CalmTenant> {
  const installation = await startInstallation([]);
  const apps = Array.from({ length: appCount }, (_, at) => `app-${at}`);
  await bootstrap(installation, apps);
  const { spec } = installation.target();
  await namespace.apply(
    ...installation.secrets,
    {
      apiVersion,
      kind: 'RecoveryTarget',
      metadata: { name: targetName },
      spec: { ...spec, trust: { onFirstUse: true }, validationIntervalSeconds: 10 },
    },
    {
      apiVersion,
      kind: 'RecoveryPolicy',
      metadata: { name: 'guard' },
      spec: { discover: true, action: 'Recover', stabilizationSeconds: 1, maxRecoveriesPerHour: 10 },
    },
  );
  const { metrics, logger } = observed();
  const informer = new Informer<BootstrapState>({
    client,
    resource: bootstrapStates,
    namespaces: [namespace.name],
    logger,
    metrics,
    clock: systemClock,
    random: Math.random,
  });
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  const stateOf = (app: string): BootstrapState | undefined =>
    informer.store.get({
      namespace: namespace.name,
      name: stateName(targetName, { adminName: admin, appName: app }),
    });
  /** Milliseconds from a loss until the controller knows of it. */
  const known = async (kind: LossKind, app: string, before: Before): Promise<number> => {
    const what = `${kind}: the loss of ${namespace.name}/${app} to be known`;
    await poll(what, () => isKnown(stateOf(app), before), patience);
    return performance.now() - before.lostAtMs;
  };
  /**
   * Follows a loss to its end.
   *
   * @param knowing begun when it happened
   * @param backAtMs when its servers were back, of `performance.now()`
   */
  const follow = async (
    kind: LossKind,
    app: string,
    before: Before,
    knowing: Promise<number>,
    backAtMs: number,
  ): Promise<Loss> => {
    const what = `${kind}: ${namespace.name}/${app} to be repaired`;
    const repairing = poll(what, () => isRepaired(stateOf(app), before), patience).then(
      () => performance.now() - backAtMs,
    );
    const [knownMs, repairedMs] = await Promise.all([knowing, repairing]);
    const wrong = await differences(installation, app);
    if (wrong.length > 0) {
      throw new Error(`${namespace.name}/${app} is Healthy, but Redis holds ${wrong.join(', ')}`);
    }
    const at = new Date(Date.now() - repairedMs);
    const state = stateName(targetName, { adminName: admin, appName: app });
    return { kind, namespace: namespace.name, app, state, at, knownMs, repairedMs };
  };
  const truth = await watchTruth(client, namespace.name);
  await poll('every app to be healthy', () => apps.every((app) => isHealthy(stateOf(app))), patience);

  return {
    namespace,
    installation,
    apps,
    async lose(kind, random, app) {
      const { redis, s3 } = installation;
      if (kind === 'Redis restarted empty') {
        const recoveries = apps.map((each) => lastRecovery(stateOf(each)));
        await redis.restart();
        const lostAtMs = performance.now();
        return Promise.all(
          apps.map((each, at) => {
            const before = { recovery: recoveries[at], lostAtMs };
            return follow(kind, each, before, known(kind, each, before), lostAtMs);
          }),
        );
      }
      const recovery = lastRecovery(stateOf(app));
      if (kind === 'keys deleted while S3 restarts') {
        await s3.process[Symbol.asyncDispose]();
      }
      const keys = [...settingsOf(app).keys()];
      // Some or all of them.
      await (await redis.client()).del(...keys.slice(0, 1 + random.integer(keys.length)));
      const before = { recovery, lostAtMs: performance.now() };
      // Known is what Redis tells; that S3 comes back is not waited for.
      const knowing = known(kind, app, before);
      if (kind === 'keys deleted while S3 restarts') {
        await s3.restart();
      }
      return [await follow(kind, app, before, knowing, performance.now())];
    },
    untruths: () => untruthsOf(client, namespace.name),
    sayingMeanwhile: truth.during,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
      await truth[Symbol.asyncDispose]();
      await installation[Symbol.asyncDispose]();
    },
  };
}

/** What was before a loss. */
interface Before {
  readonly recovery: string | undefined;
  /** When it happened, of `performance.now()`. */
  readonly lostAtMs: number;
}

type Settings = ReadonlyMap<string, string>;

/** What a recovery infers from the generated metadata, and so what an app holds to begin with. */
function settingsOf(app: string): Settings {
  const names: readonly (readonly [string, string])[] = [
    ['BOOTSTRAP', 'some-task'],
    ['ROOT_SIGNING', ''],
    ['TARGETS_ONLINE_KEY', '1'],
    ...['ROOT', 'TARGETS', 'SNAPSHOT', 'TIMESTAMP'].flatMap((role) => [
      [`${role}_EXPIRATION`, '365'] as const,
      [`${role}_THRESHOLD`, '1'] as const,
      [`${role}_NUM_KEYS`, '1'] as const,
    ]),
  ];
  return new Map(names.map(([name, value]) => [`${name}_${admin}_${app}`, value]));
}

async function bootstrap({ s3, bucket, redis }: Installation, apps: readonly string[]): Promise<void> {
  const files = new Repository({ seed: 'calm', expires: inAYear(new Date()) }).seal();
  const client = await redis.client();
  for (const app of apps) {
    await s3.put(
      bucket,
      [...files].map(([name, body]) => ({ key: `tuf_metadata/${admin}/${app}/${name}`, body })),
    );
    await client.mset(...[...settingsOf(app)].flat());
  }
}

/** Keys that do not hold what they held; the marker names another task after a recovery. */
async function differences({ redis }: Installation, app: string): Promise<readonly string[]> {
  const settings = [...settingsOf(app)];
  const held = await (await redis.client()).mget(settings.map(([key]) => key));
  return settings.flatMap(([key, value], at) => {
    const now = held[at];
    const isRight = key.startsWith('BOOTSTRAP_') ? typeof now === 'string' && now !== '' : now === value;
    return isRight ? [] : [`${key}=${now}`];
  });
}

function lastRecovery(state: BootstrapState | undefined): string | undefined {
  return state?.status.recoveries?.at(-1)?.name;
}

function isHealthy(state: BootstrapState | undefined): boolean {
  return findCondition(state?.status.conditions, 'Healthy')?.status === 'True';
}

function isKnown(state: BootstrapState | undefined, { recovery }: Before): boolean {
  return state?.status.lossDetectedTime !== undefined || lastRecovery(state) !== recovery;
}

function isRepaired(state: BootstrapState | undefined, { recovery }: Before): boolean {
  const last = state?.status.recoveries?.at(-1);
  return last?.name !== recovery && last?.state === 'Succeeded' && isHealthy(state);
}
