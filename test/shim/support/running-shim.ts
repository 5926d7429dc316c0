import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../src/async/clock.ts';
import { APIClient } from '../../../src/kube/client/api-client.ts';
import { RuntimeMetrics } from '../../../src/kube/metrics/runtime-metrics.ts';
import { metricsPrefix } from '../../../src/observability/metrics.ts';
import { adminList } from '../../../src/shim/auth/caller-role.ts';
import { importSharedSecret } from '../../../src/shim/auth/shared-secret.ts';
import { Tenants } from '../../../src/shim/auth/tenants.ts';
import { Shim, type ShimOptions } from '../../../src/shim/shim.ts';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { poll } from '../../harness/poll.ts';
import { SECRET } from './tokens.ts';

/** A shim in this process, with the permissions the chart gives it and no others. */
export interface RunningShim extends AsyncDisposable {
  /** `http://127.0.0.1:port` of the API. */
  readonly url: string;
  readonly port: number;
  readonly metricsURL: string;
  readonly shim: Shim;
  /** Everything it has logged so far. */
  log(): string;
}

/** What a test may want otherwise. */
export type ShimOverrides = Partial<
  Omit<ShimOptions, 'logger' | 'registry' | 'runtimeMetrics' | 'client'>
> & {
  /** Another URL for the API server, for example a proxy's. */
  readonly server?: string;
  /** Do not wait until it is ready. */
  readonly unready?: boolean;
};

/** Starts a shim for one namespace; every caller with a token is an admin unless the test says otherwise. */
export async function startShim(
  cluster: APIServerAccess,
  namespace: string,
  { server, unready = false, ...overrides }: ShimOverrides = {},
): Promise<RunningShim> {
  const token = await shimToken(cluster, namespace);
  const lines: string[] = [];
  const registry = new Registry();
  const runtimeMetrics = new RuntimeMetrics({ registry, prefix: metricsPrefix });
  const client = new APIClient({
    loadConfig: () => cluster.kubeConfig({ token, ...(server !== undefined && { server }) }),
    userAgent: 'shim-test',
    metrics: runtimeMetrics,
    timeouts: { get: 5_000, write: 5_000 },
  });
  const secret = await importSharedSecret(new Uint8Array(Buffer.from(SECRET)));
  const shim = await Shim.start({
    address: { host: '127.0.0.1', port: 0 },
    metricsAddress: { host: '127.0.0.1', port: 0 },
    client,
    tenants: new Tenants({ namespace, target: 'default' }),
    keys: { secrets: async () => [secret] },
    rules: {
      algorithms: ['HS256'],
      usernameClaim: 'username',
      usernameOptional: false,
      clockToleranceSeconds: 0,
      allowWithoutExpiry: false,
    },
    callerRoles: adminList(['*']),
    rateLimit: { perMinute: 1_000_000 },
    allowedOrigins: [],
    decisionTimeoutMs: 30_000,
    ttlSecondsAfterFinished: 604_800,
    drainDelayMs: 0,
    drainGraceMs: 5_000,
    logger: pino(
      { level: 'debug' },
      new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk))) }),
    ),
    registry,
    runtimeMetrics,
    clock: systemClock,
    random: Math.random,
    newID: randomUUID,
    version: '0.0.0-test',
    ...overrides,
  });
  const url = `http://127.0.0.1:${shim.port}`;
  const running: RunningShim = {
    url,
    port: shim.port,
    metricsURL: `http://127.0.0.1:${shim.metricsPort}/metrics`,
    shim,
    log: () => lines.join(''),
    [Symbol.asyncDispose]: async () => {
      await shim.stop();
      await client.close();
    },
  };
  if (!unready) {
    await poll('the shim to be ready', async () => (await fetch(`${url}/readyz`)).ok);
  }
  return running;
}

/** Makes the shared cluster know the kinds of this project. */
export async function applyCRDs(cluster: APIServerAccess): Promise<void> {
  for (const plural of ['bootstraprecoveries', 'recoverytargets']) {
    await cluster.apply(await readFile(`crds/tuf-recovery.dev_${plural}.yaml`, 'utf8'));
  }
}

/** A token of a ServiceAccount that may do exactly what a shim needs. */
export async function shimToken(cluster: APIServerAccess, namespace: string): Promise<string> {
  const name = 'shim';
  const rules = [
    {
      apiGroups: ['tuf-recovery.dev'],
      resources: ['bootstraprecoveries'],
      verbs: ['create', 'get', 'list', 'watch', 'patch'],
    },
  ];
  const objects = [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
  await cluster.apply(objects.map((object) => JSON.stringify(object)).join('\n---\n'), { namespace });
  return await cluster.serviceAccountToken(namespace, name);
}
