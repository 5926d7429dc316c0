import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type APIServer, startAPIServer } from '../../../test/harness/apiserver.ts';
import { freePort } from '../../../test/harness/free-port.ts';
import { type RunningProcess, startProcess } from '../../../test/harness/process.ts';
import { type RedisServer, startRedis } from '../../../test/harness/redis.ts';
import { type S3Server, startS3 } from '../../../test/harness/s3.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../../test/harness/temporary-directory.ts';
import { type DemoApp, signDemoApp } from '../../demo/app.ts';
import { type Flux, startFlux } from './controllers.ts';
import { type GitServer, serveGit } from './git-server.ts';
import { Repository } from './repository.ts';

/** The namespace that examples/gitops applies the resources to. */
export const appNamespace = 'faynosync';

/** All that GitOps needs of a cluster, without nodes: the real parts as processes of this machine. */
export interface Stage extends AsyncDisposable {
  readonly cluster: APIServer;
  readonly redis: RedisServer;
  readonly s3: S3Server;
  readonly bucket: string;
  readonly app: DemoApp;
  readonly repository: Repository;
  readonly git: GitServer;
  /** The logs of Flux and of the controller, for a person. */
  log(): Promise<string>;
}

/** Starts API server, Redis, S3, a Git server, the controller and Flux. */
export async function setStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    const directory = stack.use(await temporaryDirectory('e2e-flux'));
    const bucket = 'updates';
    const app = signDemoApp(new Date());
    const [cluster, redis, s3] = await Promise.all([
      startAPIServer({ controllerManager: true }).then((each) => stack.use(each)),
      startRedis({ password: 'of-a-throw-away-redis' }).then((each) => stack.use(each)),
      startS3({ buckets: [bucket] }).then((each) => stack.use(each)),
    ]);
    await s3.put(bucket, app.objects);
    for (const file of await readdir('crds')) {
      await cluster.apply(await readFile(join('crds', file), 'utf8'));
    }
    await cluster.kubectl(['create', 'namespace', appNamespace]);
    const controller = stack.use(await startController(cluster));
    const repository = await Repository.create(directory.path, [
      'target.yaml',
      'policy.yaml',
      'verify-hourly.yaml',
    ]);
    const git = stack.use(await serveGit(join(directory.path, 'served')));
    const artifacts: TemporaryDirectory = stack.use(await temporaryDirectory('e2e-flux-artifacts'));
    const flux: Flux = stack.use(await startFlux(cluster, artifacts.path));
    const running = stack.move();
    return {
      ...{ cluster, redis, s3, bucket, app, repository, git },
      log: async () => `${await flux.log()}\n${await controller.log()}`,
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startController(cluster: APIServer): Promise<RunningProcess> {
  const health = `127.0.0.1:${await freePort()}`;
  return startProcess({
    name: 'tuf-recovery controller',
    command: 'bin/tuf-recovery',
    args: [
      ...['controller', '--namespaces', appNamespace, '--no-leader-elect', '--health-address', health],
      ...['--metrics-address', `127.0.0.1:${await freePort()}`],
    ],
    env: { KUBECONFIG: await cluster.kubeconfigFile() },
    ready: async () => (await fetch(`http://${health}/readyz`)).ok,
  });
}
