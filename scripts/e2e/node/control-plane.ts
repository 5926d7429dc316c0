import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type APIServerAccess, accessAPIServer } from '../../../test/harness/apiserver-access.ts';
import { asset } from '../../../test/harness/assets.ts';
import { createAuthority } from '../../../test/harness/certificates.ts';
import { startEtcd } from '../../../test/harness/etcd.ts';
import { freePort } from '../../../test/harness/free-port.ts';
import { type RunningProcess, startProcess } from '../../../test/harness/process.ts';
import { addresses } from './addresses.ts';

const port = 6443;

/** etcd, API server, controller manager, scheduler and DNS of a cluster. */
export interface ControlPlane extends AsyncDisposable {
  readonly access: APIServerAccess;
  /** The end of the logs of its parts. */
  log(): Promise<string>;
}

/** The groups of the users that sign on with a token of their own. */
function groupsOf(user: string): string {
  if (user === 'administrator') {
    return 'system:masters';
  }
  return user.startsWith('system:node:') ? 'system:nodes' : '';
}

/**
 * Starts a control plane in this network namespace.
 *
 * @param directory for its files
 * @param nodes names of the nodes that will join
 */
export async function startControlPlane(directory: string, nodes: readonly string[]): Promise<ControlPlane> {
  const stack = new AsyncDisposableStack();
  const processes: RunningProcess[] = [];
  const start = async (
    name: string,
    args: readonly string[],
    ready?: () => Promise<boolean>,
  ): Promise<void> => {
    const command = asset(name as 'kube-apiserver');
    const started = await startProcess({ name, command, args, ...(ready === undefined ? {} : { ready }) });
    processes.push(stack.use(started));
  };
  const authority = stack.use(await createAuthority('tuf-recovery e2e authority'));
  const certificate = await authority.issue('kube-apiserver', [
    ...['localhost', '127.0.0.1', addresses.controlPlane, addresses.kubernetes],
    ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
  ]);
  const users = [
    'administrator',
    ...['system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy'],
    ...nodes.map((node) => `system:node:${node}`),
  ];
  const tokens = Object.fromEntries(users.map((user) => [user, randomBytes(24).toString('hex')]));
  const tokenFile = join(directory, 'tokens.csv');
  const rows = users.map((user) => `${tokens[user]},${user},${user},"${groupsOf(user)}"`);
  await writeFile(tokenFile, rows.join('\n'), { mode: 0o600 });
  const keyFile = join(directory, 'service-account.key');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });

  const etcdPort = await freePort();
  processes.push(stack.use(await startEtcd(etcdPort, join(directory, 'etcd'))));
  const access = stack.use(
    await accessAPIServer({
      url: `https://${addresses.controlPlane}:${port}`,
      certificateAuthority: authority.certificate,
      adminToken: tokens['administrator'] ?? '',
      tokens,
    }),
  );
  await start(
    'kube-apiserver',
    [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      ...[`--advertise-address=${addresses.controlPlane}`, `--secure-port=${port}`],
      ...[`--tls-cert-file=${certificate.certificateFile}`, `--tls-private-key-file=${certificate.keyFile}`],
      ...[`--token-auth-file=${tokenFile}`, '--authorization-mode=Node,RBAC'],
      '--enable-admission-plugins=NodeRestriction',
      '--service-account-issuer=https://kubernetes.default.svc',
      ...[`--service-account-key-file=${keyFile}`, `--service-account-signing-key-file=${keyFile}`],
      `--service-cluster-ip-range=${addresses.services}`,
      '--kubelet-preferred-address-types=InternalIP',
    ],
    () => access.kubectl(['get', '--raw', '/readyz']).then(() => true),
  );
  const kubeconfig = (user: string): Promise<string> => access.kubeconfigFile({ token: tokens[user] ?? '' });
  await start('kube-controller-manager', [
    `--kubeconfig=${await kubeconfig('system:kube-controller-manager')}`,
    ...['--use-service-account-credentials', '--leader-elect=false', '--secure-port=0'],
    ...[`--root-ca-file=${authority.certificateFile}`, `--service-account-private-key-file=${keyFile}`],
  ]);
  await start('kube-scheduler', [
    `--kubeconfig=${await kubeconfig('system:kube-scheduler')}`,
    ...['--leader-elect=false', '--secure-port=0'],
  ]);
  await startDNS(directory, access, start);
  return {
    access,
    log: async () => {
      const logs = await Promise.all(
        processes.map(
          async (each) => `--- ${each.name}\n${(await each.log()).split('\n').slice(-20).join('\n')}`,
        ),
      );
      return logs.join('\n');
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/**
 * The cluster DNS: a process of the control plane behind a Service, so that no drained node takes it away.
 */
async function startDNS(
  directory: string,
  access: APIServerAccess,
  start: (name: string, args: readonly string[]) => Promise<void>,
): Promise<void> {
  const corefile = join(directory, 'Corefile');
  await writeFile(
    corefile,
    `.:53 {
  bind ${addresses.controlPlane}
  errors
  cache 5
  kubernetes cluster.local {
    kubeconfig ${await access.kubeconfigFile()}
  }
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`,
  );
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const metadata = { namespace: 'kube-system', name: 'kube-dns' };
  await access.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: addresses.dns, ports } },
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [addresses.controlPlane] }],
          ports,
        },
      ],
    }),
  );
  await start('coredns', ['-conf', corefile]);
}
