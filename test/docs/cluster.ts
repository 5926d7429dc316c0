import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAPIServer } from '../harness/apiserver.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { poll } from '../harness/poll.ts';
import { startProcess } from '../harness/process.ts';
import { type LostApp, startLostApp } from './lost-app.ts';

/** What a reader of the pages has: a cluster, and an installation whose app was lost. */
export interface ReadersCluster extends AsyncDisposable {
  readonly cluster: APIServerAccess;
  readonly lost: LostApp;
  /** The environment of a reader who works in this namespace. */
  environment(namespace: string): Promise<Readonly<Record<string, string>>>;
  /**
   * Starts the controller with the rights of the ServiceAccount that the chart made; no kubelet does. Returns
   * when it runs.
   */
  startController(serviceAccount: string, namespace: string): Promise<void>;
}

/** @param daysAgo when the app's metadata was signed for the last time */
export async function startReadersCluster(daysAgo: number): Promise<ReadersCluster> {
  await using stack = new AsyncDisposableStack();
  const lost = stack.use(await startLostApp(daysAgo));
  const cluster = stack.use(await startAPIServer());
  const home = join(lost.directory, 'home');
  await mkdir(home);
  const owned = stack.move();
  return {
    cluster,
    lost,
    environment: async (namespace) => ({
      PATH: lost.path,
      HOME: home,
      KUBECONFIG: await cluster.kubeconfigFile({ namespace }),
      REDISCLI_AUTH: lost.redisAddress.password,
    }),
    startController: async (serviceAccount, namespace) => {
      const token = await cluster.serviceAccountToken(namespace, serviceAccount);
      const kubeconfig = await cluster.kubeconfigFile({ token, namespace });
      const args = [
        ...['controller', `--kubeconfig=${kubeconfig}`, `--lease-name=${serviceAccount}`],
        ...[
          `--lease-namespace=${namespace}`,
          '--health-address=127.0.0.1:0',
          '--metrics-address=127.0.0.1:0',
        ],
      ];
      const controller = owned.use(
        await startProcess({
          name: 'controller',
          command: LAUNCHER,
          args,
        }),
      );
      const ended = new AbortController();
      void controller.exited.then(async () => {
        ended.abort(new Error(`The controller ended:\n${await controller.log()}`));
      });
      await poll('the controller to lead', async () => /"starting"/.test(await controller.log()), {
        signal: ended.signal,
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
