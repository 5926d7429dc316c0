import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { asset } from './assets.ts';
import { poll } from './poll.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const CRD = 'customresourcedefinition.apiextensions.k8s.io/';

/**
 * All that a client needs to know of a running API server. Plain data, so that it can go to another process.
 */
export interface APIServerAddress {
  readonly url: string;
  /** PEM */
  readonly certificateAuthority: string;
  /** Bearer token of a cluster administrator. */
  readonly adminToken: string;
  /** Bearer tokens of the further users, by name. */
  readonly tokens: Readonly<Record<string, string>>;
}

/** Who talks to the API server, and which way; by default the administrator, directly. */
interface AccessOptions {
  readonly token?: string;
  /** Another URL for the same server, for example that of a proxy on 127.0.0.1. */
  readonly server?: string;
  /** The namespace where none is named. */
  readonly namespace?: string;
}

/** A running API server as its clients see it. Disposing of it only removes local files. */
export interface APIServerAccess extends AsyncDisposable {
  readonly address: APIServerAddress;
  /** Configuration for @kubernetes/client-node. */
  kubeConfig(options?: AccessOptions): KubeConfig;
  /** Writes a kubeconfig file and returns its path; it goes with this object. */
  kubeconfigFile(options?: AccessOptions): Promise<string>;
  /**
   * Runs kubectl as the administrator, or with another kubeconfig file, and returns its output; rejects with
   * its error text.
   */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Applies manifests (YAML) server-side and waits until the API server serves the CRDs among them. */
  apply(manifests: string, options?: { readonly namespace?: string }): Promise<void>;
  /** Creates a namespace of one's own and returns its name. */
  createNamespace(prefix?: string): Promise<string>;
  /** A real token of a ServiceAccount, which is created when it doesn't exist. */
  serviceAccountToken(namespace: string, name: string): Promise<string>;
}

/** Standard input and the user of one kubectl command. */
interface KubectlOptions {
  readonly input?: string;
  readonly kubeconfigFile?: string;
}

/** Prepares the access to an API server that runs already. */
export async function accessAPIServer(address: APIServerAddress): Promise<APIServerAccess> {
  const directory = await temporaryDirectory('kubeconfig');
  const kubeconfigFile: APIServerAccess['kubeconfigFile'] = async (options) => {
    const path = join(directory.path, `${randomBytes(6).toString('hex')}.kubeconfig`);
    // JSON is YAML.
    await writeFile(path, JSON.stringify(kubeconfig(address, options)), { mode: 0o600 });
    return path;
  };
  const adminFile = await kubeconfigFile();

  const kubectl: APIServerAccess['kubectl'] = (args, { input, kubeconfigFile: file = adminFile } = {}) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        asset('kubectl'),
        [`--kubeconfig=${file}`, `--cache-dir=${join(directory.path, 'cache')}`, ...args],
        { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, KUBECONFIG: file, HOME: directory.path } },
        (error, stdout, stderr) => {
          if (error) {
            reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`, { cause: error }));
          } else {
            resolve(stdout);
          }
        },
      );
      // kubectl may end before it has read its input; its exit code says why.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });

  const apply: APIServerAccess['apply'] = async (manifests, { namespace } = {}) => {
    const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
    const applied = await kubectl(
      ['apply', '--server-side', '--force-conflicts', '--output=name', '--filename=-', ...where],
      { input: manifests },
    );
    const crds = applied.split('\n').filter((name) => name.startsWith(CRD));
    if (crds.length > 0) {
      await kubectl(['wait', '--for=condition=Established', '--timeout=300s', ...crds]);
    }
    for (const crd of crds) {
      // A CRD is established a moment before requests for it are served.
      const resource = crd.slice(CRD.length);
      await poll(`${resource} to be served`, () =>
        kubectl(['get', resource, '--all-namespaces']).then(() => true),
      );
    }
  };

  return {
    address,
    kubeConfig: (options) => {
      const config = new KubeConfig();
      config.loadFromString(JSON.stringify(kubeconfig(address, options)));
      return config;
    },
    kubeconfigFile,
    kubectl,
    apply,
    createNamespace: async (prefix = 'test') => {
      const name = `${prefix}-${randomBytes(4).toString('hex')}`;
      await kubectl(['create', 'namespace', name]);
      return name;
    },
    serviceAccountToken: async (namespace, name) => {
      await apply(
        JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } }),
      );
      return (await kubectl(['create', 'token', name, `--namespace=${namespace}`])).trim();
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

function kubeconfig(address: APIServerAddress, { token, server, namespace }: AccessOptions = {}): object {
  const named = 'test';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: named,
        cluster: {
          server: server ?? address.url,
          'certificate-authority-data': Buffer.from(address.certificateAuthority).toString('base64'),
        },
      },
    ],
    users: [{ name: named, user: { token: token ?? address.adminToken } }],
    contexts: [
      {
        name: named,
        context: { cluster: named, user: named, ...(namespace === undefined ? {} : { namespace }) },
      },
    ],
    'current-context': named,
  };
}
