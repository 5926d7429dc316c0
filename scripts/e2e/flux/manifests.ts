import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { appNamespace, type Stage } from './stage.ts';

interface Manifest {
  readonly spec: Readonly<Record<string, object>>;
}

/** A file of examples/gitops/recovery. */
async function example(name: string): Promise<Manifest> {
  // The examples are held against the CRDs by `npm run check`.
  return parse(await readFile(`examples/gitops/recovery/${name}`, 'utf8')) as Manifest;
}

/** The target of the examples, with the addresses of this stage. */
export async function exampleTarget({ redis, s3, bucket }: Stage): Promise<object> {
  const target = await example('target.yaml');
  return {
    ...target,
    spec: {
      ...target.spec,
      redis: { ...target.spec['redis'], address: `${redis.host}:${redis.port}` },
      storage: { ...target.spec['storage'], bucket, endpoint: s3.endpoint, region: s3.region },
    },
  };
}

/** The policy of the examples, with changes. */
export async function examplePolicy(changes: object): Promise<object> {
  const policy = await example('policy.yaml');
  return { ...policy, spec: { ...policy.spec, ...changes } };
}

/** The Secrets and the ConfigMap that the target of the examples refers to. */
export function references({ redis, s3, app }: Stage): readonly object[] {
  const root = app.objects.find(({ key }) => key.endsWith('/1.root.json'));
  const common = (name: string): object => ({ metadata: { namespace: appNamespace, name } });
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      ...common('faynosync-redis'),
      stringData: { password: decodeURIComponent(new URL(redis.url).password) },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      ...common('faynosync-storage'),
      stringData: {
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      ...common('faynosync-root'),
      data: { 'root.json': Buffer.from(root?.body ?? '').toString('utf8') },
    },
  ];
}

/** A run over the app of the stage, unless `spec` names another. */
export function run(name: string, spec: object = {}): object {
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapRecovery',
    metadata: { name },
    spec: { adminName: 'alice', appName: 'tuf', ...spec },
  };
}
