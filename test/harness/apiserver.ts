import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { type APIServerAccess, type APIServerAddress, accessAPIServer } from './apiserver-access.ts';
import { asset } from './assets.ts';
import { createAuthority } from './certificates.ts';
import { startEtcd } from './etcd.ts';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** How the API server is to be set up. */
export interface APIServerOptions {
  /**
   * Users beside the administrator; their tokens are in `address.tokens`. They may do what RBAC grants them.
   */
  readonly users?: readonly { readonly name: string; readonly groups?: readonly string[] }[];
  /** Runs the controllers that collect garbage, empty namespaces and create default ServiceAccounts, too. */
  readonly controllerManager?: boolean;
}

/**
 * A real control plane without nodes: etcd, kube-apiserver with RBAC and, on request,
 * kube-controller-manager.
 */
export interface APIServer extends APIServerAccess {
  readonly port: number;
  readonly etcd: RunningProcess;
  /** The kube-apiserver; a new process after {@link restart}. */
  readonly process: RunningProcess;
  /** Starts the kube-apiserver again on its port and with its objects, after it was stopped or killed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a control plane; about three seconds. */
export async function startAPIServer(options: APIServerOptions = {}): Promise<APIServer> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(
  { users = [], controllerManager = false }: APIServerOptions,
  stack: AsyncDisposableStack,
): Promise<APIServer> {
  const directory = stack.use(await temporaryDirectory('apiserver'));
  const authority = stack.use(await createAuthority());
  const [port, etcdPort] = [await freePort(), await freePort()];
  const tokens = Object.fromEntries(users.map(({ name }) => [name, randomBytes(24).toString('hex')]));
  const address: APIServerAddress = {
    url: `https://127.0.0.1:${port}`,
    certificateAuthority: authority.certificate,
    adminToken: randomBytes(24).toString('hex'),
    tokens,
  };
  const files = {
    tokens: join(directory.path, 'tokens.csv'),
    serviceAccountKey: join(directory.path, 'service-account.key'),
  };
  await writeFile(
    files.tokens,
    [
      `${address.adminToken},administrator,administrator,system:masters`,
      ...users.map(({ name, groups = [] }) => `${tokens[name]},${name},${name},"${groups.join(',')}"`),
    ].join('\n'),
    { mode: 0o600 },
  );
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  });
  const certificate = await authority.issue('kube-apiserver');

  const etcd = stack.use(await startEtcd(etcdPort, join(directory.path, 'etcd')));
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      name: 'kube-apiserver',
      command: asset('kube-apiserver'),
      args: [
        `--etcd-servers=http://127.0.0.1:${etcdPort}`,
        '--bind-address=127.0.0.1',
        // Or it takes the address of the default route, and doesn't start on a machine that has none.
        '--advertise-address=127.0.0.1',
        `--secure-port=${port}`,
        `--tls-cert-file=${certificate.certificateFile}`,
        `--tls-private-key-file=${certificate.keyFile}`,
        `--token-auth-file=${files.tokens}`,
        '--authorization-mode=RBAC',
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-key-file=${files.serviceAccountKey}`,
        `--service-account-signing-key-file=${files.serviceAccountKey}`,
        '--service-cluster-ip-range=10.0.0.0/24',
        // There is no node that could serve the endpoints of the service `kubernetes`.
        '--endpoint-reconciler-type=none',
        // Pods of tests name ServiceAccounts whose controller doesn't run.
        '--disable-admission-plugins=ServiceAccount',
      ],
      ready: () => answers(address, '/readyz', '/api/v1/namespaces/default'),
    });
  let running = await launch();
  stack.defer(() => running[Symbol.asyncDispose]());
  const access = stack.use(await accessAPIServer(address));
  if (controllerManager) {
    stack.use(
      await startControllerManager(
        await access.kubeconfigFile(),
        authority.certificateFile,
        files.serviceAccountKey,
      ),
    );
  }
  const stop = (): Promise<void> => stack.disposeAsync();
  return {
    ...access,
    port,
    etcd,
    get process() {
      return running;
    },
    restart: async () => {
      await running[Symbol.asyncDispose]();
      running = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function startControllerManager(
  kubeconfigFile: string,
  certificateAuthorityFile: string,
  serviceAccountKeyFile: string,
): Promise<RunningProcess> {
  const controllers = [
    'garbage-collector-controller',
    'namespace-controller',
    'serviceaccount-controller',
    'serviceaccount-token-controller',
  ];
  return startProcess({
    name: 'kube-controller-manager',
    command: asset('kube-controller-manager'),
    args: [
      `--kubeconfig=${kubeconfigFile}`,
      `--controllers=${controllers.join(',')}`,
      `--root-ca-file=${certificateAuthorityFile}`,
      `--service-account-private-key-file=${serviceAccountKeyFile}`,
      '--leader-elect=false',
      // It serves nothing that a test needs.
      '--secure-port=0',
    ],
  });
}

async function answers(address: APIServerAddress, ...paths: readonly string[]): Promise<boolean> {
  const statuses = await Promise.all(paths.map((path) => status(address, path)));
  return statuses.every((code) => code === 200);
}

function status(
  { url, certificateAuthority, adminToken }: APIServerAddress,
  path: string,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = {
      ca: certificateAuthority,
      headers: { authorization: `Bearer ${adminToken}` },
      agent: false,
    };
    get(`${url}${path}`, options, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).once('error', reject);
  });
}
