/** The key of the throw-away S3 store. */
export const credentials = {
  accessKeyId: 'e2e-access',
  secretAccessKey: 'e2e-secret-of-a-throw-away-store',
} as const;

/** The bucket; the store makes one of each folder it finds. */
export const bucket = 'updates';

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'faynosync-storage' },
  stringData: {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  },
};

/** A Redis and an S3 store with a bucket, each of one pod that keeps nothing. */
export const backendManifests: readonly object[] = [
  secret,
  ...backend('redis', 6379, { image: 'redis:7.4-alpine', args: ['redis-server', '--save', ''] }),
  ...backend('s3', 7070, {
    image: 'versity/versitygw:v1.8.0',
    command: ['/bin/sh', '-c', `mkdir -p /data/${bucket} && exec versitygw --port :7070 posix /data`],
    env: [
      { name: 'ROOT_ACCESS_KEY', value: credentials.accessKeyId },
      { name: 'ROOT_SECRET_KEY', value: credentials.secretAccessKey },
    ],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  }),
];

/** The target under the name that runs use when they name none. */
export function targetManifest(rootSHA256: string): object {
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'RecoveryTarget',
    metadata: { name: 'default' },
    spec: {
      redis: { address: 'redis:6379' },
      storage: {
        bucket,
        endpoint: 'http://s3:7070',
        forcePathStyle: true,
        credentialsSecretRef: { name: secret.metadata.name },
      },
      trust: { rootSHA256 },
    },
  };
}

function backend(name: string, port: number, container: object): readonly object[] {
  const labels = { app: name };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name,
                ports: [{ containerPort: port }],
                readinessProbe: { tcpSocket: { port } },
                ...container,
              },
            ],
            volumes: [{ name: 'data', emptyDir: {} }],
          },
        },
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports: [{ port }] } },
  ];
}
