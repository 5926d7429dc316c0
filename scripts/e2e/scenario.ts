import { readFile } from 'node:fs/promises';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import type { DemoApp } from '../demo/app.ts';
import { backends, targetManifest } from './backends.ts';
import { Controllers } from './controllers.ts';
import { enforcePolicies, helmTest, installManifest } from './installation.ts';
import { interruptions } from './interruptions.ts';
import { Kubernetes, type Pod } from './kubernetes.ts';
import { measureRollout } from './measures.ts';
import { component, names } from './names.ts';
import { Operator } from './operator.ts';
import { deleteNamespaces, requireNothingLeft, uninstallInTheMiddle } from './parting.ts';
import { recoverByPolicy } from './policy.ts';
import type { Provider } from './provider.ts';
import type { Report } from './report.ts';
import { Runs } from './runs.ts';
import { Settings } from './settings.ts';
import { jwtSecret, recoverThroughShim } from './shim-client.ts';
import { Store } from './storage.ts';
import { rollbackToFormer, upgradeFromFormer } from './versions.ts';

/** Delegated roles of the app whose runs are interrupted. */
const manyRoles = 2_000;

/** All that the scenario's steps work with. */
export interface Scene {
  readonly provider: Provider;
  readonly kubernetes: Kubernetes;
  readonly settings: Settings;
  readonly runs: Runs;
  readonly controllers: Controllers;
  readonly operator: Operator;
  readonly report: Report;
  /** An app of four roles and two delegated ones. */
  readonly small: DemoApp;
  /** An app of thousands of delegated roles behind a slow store: the target `slow`. */
  readonly large: DemoApp;
}

/**
 * What is promised to users who install the product, on any cluster: it starts under restricted Pod Security,
 * recovers apps in every way there is, and whatever happens to a controller in the middle of a run, the run
 * ends right.
 */
export async function runScenario(provider: Provider, report: Report, quick: boolean): Promise<void> {
  const kubernetes = new Kubernetes(provider);
  const settings = new Settings(kubernetes);
  await startBackends(kubernetes, provider, report);
  const [small, large] = await report.step('sign and upload two apps', 'the store takes them', () =>
    publishApps(kubernetes, provider),
  );
  const scene: Scene = {
    ...{ provider, kubernetes, settings, report, small, large },
    runs: new Runs(kubernetes, settings),
    controllers: new Controllers(kubernetes, provider),
    operator: new Operator(kubernetes, provider),
  };
  const upgraded = !quick && (await upgradeFromFormer(scene));
  if (!upgraded) {
    await report.step('install the chart', 'the files a user has are enough', () => scene.operator.install());
  }
  await prepare(scene);
  await helmTest(scene);
  if (!quick) {
    await measureRollout(scene);
  }
  await recoverInEveryWay(scene);
  const chosen = interruptions.filter(({ core }) => core || !quick);
  for (const interruption of upgraded ? [...chosen, rollbackToFormer] : chosen) {
    await interruptRun(scene, interruption);
  }
  if (!quick && provider.enforcesPolicies) {
    await enforcePolicies(scene);
  }
  await uninstallInTheMiddle(scene);
  await requireNothingLeft(scene);
  if (!quick) {
    await installManifest(scene);
  }
  await deleteNamespaces(scene);
}

async function startBackends(kubernetes: Kubernetes, { images }: Provider, report: Report): Promise<void> {
  await report.step('start Redis and S3', "the test's own parts run under restricted, too", async () => {
    const items = [names.app, names.operator].map(restrictedNamespace);
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubernetes.kubectl(['apply', '--filename=-'], list);
    await kubernetes.apply(names.app, backends(images));
    await kubernetes.apply(names.operator, [jwtSecret()]);
    await kubernetes.kubectl([
      ...[`--namespace=${names.app}`, 'wait', '--for=condition=Available', 'deployment', '--all'],
      '--timeout=600s',
    ]);
  });
}

async function publishApps(
  kubernetes: Kubernetes,
  { reachesPods }: Provider,
): Promise<readonly [small: DemoApp, large: DemoApp]> {
  const [pod] = await kubernetes.list<Pod>(names.app, 'pods', 'app=s3');
  await using forwarded = reachesPods ? undefined : await kubernetes.forward(names.app, 'service/s3', 7070);
  const address = forwarded === undefined ? `${pod?.status.podIP}:7070` : `127.0.0.1:${forwarded.port}`;
  using store = await Store.open(`http://${address}`);
  const roles = Array.from({ length: manyRoles }, (_, index) => `role-${index}`);
  return [await store.publish(), await store.publish({ appName: 'large', roles })];
}

async function prepare(scene: Scene): Promise<void> {
  const { kubernetes, report, small, large } = scene;
  await report.step(
    'look at the pods',
    'restricted Pod Security, all replicas Ready on different nodes',
    async () => {
      await scene.controllers.untilReady();
      await requireSpread(scene);
    },
  );
  await report.step(
    'describe where everything is',
    'Redis and S3 are found by their full names',
    async () => {
      await kubernetes.apply(names.app, [
        targetManifest('default', small.rootSHA256),
        targetManifest('slow', large.rootSHA256, 'slow'),
        targetManifest('crawling', small.rootSHA256, 'crawling'),
      ]);
      await kubernetes.kubectl([
        ...[`--namespace=${names.app}`, 'wait', '--for=condition=Ready', 'rt', '--all'],
        '--timeout=600s',
      ]);
    },
  );
  await report.step('name a Service too short', 'the message says where it was looked up', async () => {
    const short = targetManifest('short', small.rootSHA256, 'direct', (service) => service);
    await kubernetes.apply(names.app, [short]);
    const name = `redis.${names.app}.svc`;
    await kubernetes.until(`advice to use ${name}`, async () => {
      const { status } = await kubernetes.get<RecoveryTarget>(names.app, 'recoverytarget', 'short');
      const messages = status?.conditions?.map(({ message }) => message).join(' ') ?? '';
      return messages.includes(`looked up in namespace ${names.operator}`) && messages.includes(name);
    });
    await kubernetes.kubectl([`--namespace=${names.app}`, 'delete', 'recoverytarget', 'short']);
  });
}

async function requireSpread({ kubernetes, controllers, provider }: Scene): Promise<void> {
  const pods = await controllers.pods();
  const shims = await kubernetes.list<Pod>(names.operator, 'pods', component('shim'));
  for (const group of [pods, shims]) {
    const nodes = new Set(group.map(({ spec }) => spec.nodeName));
    if (nodes.size !== Math.min(group.length, provider.nodes.length)) {
      throw new Error(`${group.length} replicas run on ${[...nodes].join(', ')} only.`);
    }
  }
}

async function recoverInEveryWay(scene: Scene): Promise<void> {
  const { kubernetes, provider, report, runs, settings, small } = scene;
  await report.step('recover with the five-line manifest', 'every setting is back as it was', async () => {
    await settings.loseAll();
    const manifest = await readFile('examples/run.yaml', 'utf8');
    await kubernetes.kubectl([`--namespace=${names.app}`, 'apply', '--filename=-'], manifest);
    await runs.requireRecovered('tuf', small);
  });
  await report.step('recover by a policy', 'a loss is noticed and repaired automatically', () =>
    recoverByPolicy(scene),
  );
  await report.step(
    'recover over HTTP',
    'the shim answers through its Service, its token is checked',
    async () => {
      await settings.loseAll();
      await settings.requireRestored(small, await recoverThroughShim(kubernetes, provider, 'tuf'));
    },
  );
}

/** What happens to the leader in the middle of a run. */
export interface Interruption {
  readonly name: string;
  readonly proves: string;
  /** Part of the short scenario, too; what has to wait for a Lease to run out is not. */
  readonly core: boolean;
  /** Does it to the leader and returns what is to be done once the run has ended. */
  interrupt(scene: Scene, leader: Pod): Promise<() => Promise<void>>;
}

async function interruptRun(scene: Scene, { name, proves, interrupt }: Interruption): Promise<void> {
  const { controllers, report, runs, settings, large } = scene;
  await report.step(`${name} in the middle of a run`, proves, async () => {
    await settings.loseAll();
    const run = name.replaceAll(' ', '-').toLowerCase();
    const leader = await controllers.leader();
    await runs.create(run, 'large', 'slow');
    await runs.untilInTheMiddle(run);
    const after = Date.now();
    const restore = await interrupt(scene, leader);
    const seconds = await runs.requireRecovered(run, large, { after });
    await restore();
    await controllers.untilReady();
    return `the run took ${seconds} s`;
  });
}

function restrictedNamespace(name: string): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}
