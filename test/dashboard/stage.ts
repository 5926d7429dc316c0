import { fileURLToPath } from 'node:url';
import { buildPage } from '../../scripts/build/page.ts';
import { type ControllerProcess, startController } from '../controllers/support/controller-process.ts';
import { type Installation, startInstallation } from '../controllers/support/installation.ts';
import { type TestNamespace, testNamespace } from '../controllers/support/namespace.ts';
import { createPolicy, type TestPolicy } from '../controllers/support/policies.ts';
import { applyProxiedTarget, type ProxiedTarget } from '../controllers/support/proxied-target.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import type { GoldenAppName } from '../harness/golden.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';

/** Where the program looks for its page when it runs from this clone. */
const builtPage = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));

/** A cluster with two apps, one healthy and one lost, and a controller that looks after them. */
export interface Stage extends AsyncDisposable {
  readonly namespace: TestNamespace;
  readonly installation: Installation;
  readonly controller: ControllerProcess;
  /** Between the controller and its Redis and S3 server. */
  readonly target: ProxiedTarget;
  /** Of the app that a run has recovered. */
  readonly healthy: TestPolicy;
  /** Of the app that has lost its settings. */
  readonly lost: TestPolicy;
}

/**
 * Brings one app back by a run called `first`, and leaves the other one lost.
 *
 * @param more apps that are healthy and guarded beside the two
 */
export async function setStage(
  cluster: APIServerAccess,
  more: readonly GoldenAppName[] = [],
): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const namespace = await testNamespace(cluster, 'dashboard');
  const installation = stack.use(await startInstallation(['deleg', 'simple', ...more]));
  const target = stack.use(await applyProxiedTarget(namespace, installation));
  const controller = stack.use(await startController(namespace));
  const { admin, app } = installation.app('deleg');
  await namespace.start('first', { adminName: admin, appName: app });
  await namespace.ended('first');
  const redis = await installation.redis.client();
  for (const name of more) {
    await installation.app(name).restoreTo(redis);
  }
  const guard = { action: 'Report', stabilizationSeconds: 0 } as const;
  const healthy = await createPolicy(namespace, 'healthy', installation.app('deleg'), guard);
  const lost = await createPolicy(namespace, 'lost', installation.app('simple'), guard);
  await healthy.untilApp('to be healthy', ({ status }) => status.state === 'Healthy');
  await lost.untilApp('to be lost', ({ status }) => status.state === 'FullLoss');
  for (const name of more) {
    const policy = await createPolicy(namespace, name, installation.app(name), guard);
    await policy.untilApp('to be healthy', ({ status }) => status.state === 'Healthy');
  }
  const owned = stack.move();
  return {
    ...{ namespace, installation, controller, target, healthy, lost },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A running `tuf-recovery dashboard`. */
export interface DashboardProcess extends AsyncDisposable {
  /** What it printed: with the token. */
  readonly url: string;
}

/** Builds the page and starts the command, as a person does who has this kubeconfig. */
export async function startDashboard(kubeconfig: string): Promise<DashboardProcess> {
  await buildPage(builtPage);
  const running = await startProcess({
    name: 'dashboard',
    command: LAUNCHER,
    args: ['dashboard', `--kubeconfig=${kubeconfig}`],
    env: { KUBECONFIG: undefined },
  });
  const ended = new AbortController();
  void running.exited.then(async () => {
    ended.abort(new Error(`The dashboard ended:\n${await running.log()}`));
  });
  const url = await poll(
    'the dashboard to print its address',
    async () => /^http:\S+$/m.exec(await running.log())?.[0],
    { signal: ended.signal },
  );
  return { url, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

/** The address of the page of an app. */
export function appAddress(
  url: string,
  namespace: string,
  { admin, app }: { readonly admin: string; readonly app: string },
): string {
  const query = new URLSearchParams({ view: 'app', namespace, target: 'default', admin, app });
  return new URL(`#${query}`, url).href;
}
