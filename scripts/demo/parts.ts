import { readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { startAPIServer } from '../../test/harness/apiserver.ts';
import { asset } from '../../test/harness/assets.ts';
import { freePort } from '../../test/harness/free-port.ts';
import { type RunningProcess, startProcess } from '../../test/harness/process.ts';
import { startRedis } from '../../test/harness/redis.ts';
import type { S3Object } from '../../test/harness/s3.ts';
import { temporaryDirectory } from '../../test/harness/temporary-directory.ts';
import { cluster as userCluster } from './cluster.ts';
import type { Screen } from './screen.ts';
import { ownStorage, type Storage, userStorage } from './storage.ts';

const ownPrograms = fileURLToPath(new URL('../../bin', import.meta.url));

/** What the demo shows of a run. */
export interface RunView {
  readonly taskID: string;
  readonly succeeded: string;
  readonly reason: string;
  readonly message: string;
  readonly stage: string | undefined;
  readonly completed: number;
  readonly total: number;
  readonly plan: readonly { readonly key: string; readonly source: string; readonly confidence: string }[];
}

/** The real parts the demo runs on; disposing of them leaves nothing behind. */
export interface Parts extends AsyncDisposable {
  readonly bucket: string;
  /** When the app's files are to look as if they were written. */
  readonly written: Date;
  readonly redis: Redis;
  upload(objects: readonly S3Object[]): Promise<void>;
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /**
   * Applies CRDs, Secret and RecoveryTarget with the pinned root, and starts the controller as its own
   * process.
   */
  startController(rootSHA256: string): Promise<void>;
  controllerLog(): Promise<string>;
  run(name: string): Promise<RunView>;
  /** Tells how to look around, and waits for Ctrl-C. */
  keep(screen: Screen): Promise<void>;
}

/** Starts Redis, the S3 server and, unless KUBECONFIG names a cluster, an API server. */
export async function startParts(screen: Screen): Promise<Parts> {
  const stack = new AsyncDisposableStack();
  try {
    const redisServer = stack.use(await screen.step('start Redis', () => startRedis()));
    const endpoint = process.env['S3_ENDPOINT'];
    const storage = stack.use(
      endpoint === undefined
        ? await screen.step('start the S3 server', ownStorage)
        : await screen.step(`make a bucket on ${endpoint}`, () => userStorage(endpoint, process.env)),
    );
    const cluster = stack.use(
      process.env['KUBECONFIG'] === undefined
        ? await screen.step('start the Kubernetes API server', () => startAPIServer())
        : await screen.step('use the cluster of KUBECONFIG', () => userCluster()),
    );
    const namespace = await cluster.createNamespace('demo');
    const kubeconfig = await cluster.kubeconfigFile({ namespace });
    const redis = await redisServer.client();
    const kubectl: Parts['kubectl'] = (args, input) =>
      cluster.kubectl(['--namespace', namespace, ...args], {
        kubeconfigFile: kubeconfig,
        ...(input === undefined ? {} : { input }),
      });
    let controller: RunningProcess | undefined;

    const parts = stack.move();
    return {
      bucket: storage.bucket,
      // A day and a half ago: "days left" would then be the wrong answer for every role.
      written: new Date(Date.now() - (storage.keepsTimes ? 1.5 * 24 * 60 * 60 * 1000 : 0)),
      redis,
      upload: (objects) => storage.put(objects),
      kubectl,
      startController: async (rootSHA256) => {
        for (const file of (await readdir('crds')).sort()) {
          await cluster.apply(await readFile(join('crds', file), 'utf8'));
        }
        await kubectl(['apply', '-f', '-'], target(redisServer, storage, rootSHA256));
        controller = parts.use(
          await startProcess({
            name: 'tuf-recovery controller',
            command: 'bin/tuf-recovery',
            args: [
              ...['controller', '--namespaces', namespace],
              ...['--health-address', `127.0.0.1:${await freePort()}`],
              ...['--metrics-address', `127.0.0.1:${await freePort()}`],
            ],
            env: { KUBECONFIG: kubeconfig },
            ready: async () =>
              (await kubectl([
                'get',
                'rt',
                'default',
                '-o',
                'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
              ])) === 'True',
          }),
        );
      },
      controllerLog: async () => (await controller?.log()) ?? '',
      run: async (name) =>
        view(JSON.parse(await kubectl(['get', 'bsr', name, '-o', 'json'])) as BootstrapRecovery),
      keep: async (screen) => {
        await using builtPrograms = await temporaryDirectory('demo-programs');
        await symlink(asset('kubectl'), join(builtPrograms.path, 'kubectl'));
        screen.text('');
        screen.text(
          'Everything keeps running until you press Ctrl-C here. To look around, paste this into a',
        );
        screen.text('second terminal; docs/quickstart.md has things to try:');
        screen.text('');
        screen.text(`export KUBECONFIG='${kubeconfig}'`);
        screen.text(`export REDIS_PORT=${redisServer.port}`);
        // The reader's own kubectl goes first.
        screen.text(`export PATH='${ownPrograms}':"$PATH":'${builtPrograms.path}'`);
        screen.text('kubectl tuf-recovery status');
        await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
      },
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function target(
  redis: { readonly host: string; readonly port: number },
  { bucket, endpoint, region, credentials }: Storage,
  rootSHA256: string,
): string {
  return `apiVersion: v1
kind: Secret
metadata: { name: storage }
stringData:
  AWS_ACCESS_KEY_ID: ${credentials.accessKeyId}
  AWS_SECRET_ACCESS_KEY: ${credentials.secretAccessKey}
---
apiVersion: tuf-recovery.dev/v1alpha1
kind: RecoveryTarget
metadata: { name: default }
spec:
  redis: { address: "${redis.host}:${redis.port}" }
  storage:
    bucket: ${bucket}
    endpoint: ${endpoint}
    region: ${region}
    forcePathStyle: true
    credentialsSecretRef: { name: storage }
  trust: { rootSHA256: ${rootSHA256} }
`;
}

function view({ status }: BootstrapRecovery): RunView {
  const succeeded = status?.conditions?.find(({ type }) => type === 'Succeeded');
  return {
    taskID: status?.taskID ?? '',
    succeeded: succeeded?.status ?? 'Unknown',
    reason: succeeded?.reason ?? 'Pending',
    message: succeeded?.message ?? '',
    stage: status?.progress?.stage,
    completed: status?.progress?.completed ?? 0,
    total: status?.progress?.total ?? 0,
    plan: status?.plan?.actions ?? [],
  };
}
