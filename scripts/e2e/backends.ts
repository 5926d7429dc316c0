import { fullName, names } from './names.ts';
import type { Images } from './provider.ts';
import { nodeScript, pod } from './restricted-pod.ts';

/** The key of the throw-away S3 store. */
export const credentials = {
  accessKeyId: 'e2e-access',
  secretAccessKey: 'e2e-secret-of-a-throw-away-store',
} as const;

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'faynosync-storage' },
  stringData: {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  },
};

const redisPort = 6379;
const s3Port = 7070;

/**
 * How a target reaches Redis and S3: at once, a bit late, or so late that whatever it does can be watched.
 */
export type Pace = 'direct' | 'slow' | 'crawling';

/** How much later answers come, in milliseconds. */
const delays = { slow: 15, crawling: 1_500 } as const;

/** A Redis and an S3 store, each of one pod that keeps nothing, and a slow way to both. */
export function backends(images: Images): readonly object[] {
  const operator = `${images.operator.repository}:${images.operator.tag}`;
  return [
    secret,
    ...backend('redis', redisPort, {
      image: images.redis,
      command: ['redis-server', '--save', '', '--protected-mode', 'no'],
    }),
    ...backend('s3', s3Port, {
      image: images.s3,
      // Without keep-alive it ends connections that the controller is about to use again.
      args: ['--port', `:${s3Port}`, '--keep-alive', '--quiet', 'posix', '/data'],
      env: [
        { name: 'ROOT_ACCESS_KEY', value: credentials.accessKeyId },
        { name: 'ROOT_SECRET_KEY', value: credentials.secretAccessKey },
      ],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    }),
    ...relay('slow', 's3', s3Port, operator),
    ...relay('slow', 'redis', redisPort, operator),
    ...relay('crawling', 'redis', redisPort, operator),
  ];
}

/** A target. Its Services are named in full, because the controller looks names up from its own namespace. */
export function targetManifest(
  name: string,
  rootSHA256: string,
  pace: Pace = 'direct',
  hostOf: (service: string) => string = fullName,
): object {
  const redis = pace === 'direct' ? 'redis' : `${pace}-redis`;
  const s3 = pace === 'slow' ? 'slow-s3' : 's3';
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'RecoveryTarget',
    metadata: { name },
    spec: {
      redis: { address: `${hostOf(redis)}:${redisPort}` },
      storage: {
        bucket: names.bucket,
        endpoint: `http://${hostOf(s3)}:${s3Port}`,
        forcePathStyle: true,
        credentialsSecretRef: { name: secret.metadata.name },
      },
      trust: { rootSHA256 },
    },
  };
}

/** A way to a Service that passes connections on, and what comes back a moment later. */
function relay(pace: keyof typeof delays, service: string, port: number, image: string): readonly object[] {
  const program = `require('node:net').createServer((client) => {
    const server = require('node:net').connect(${port}, '${fullName(service)}');
    client.pipe(server);
    server.on('data', (chunk) => setTimeout(() => client.write(chunk), ${delays[pace]}));
    server.on('end', () => setTimeout(() => client.end(), ${delays[pace]}));
    for (const socket of [client, server]) socket.on('error', () => { client.destroy(); server.destroy(); });
    client.on('close', () => server.destroy());
  }).listen(${port})`;
  return backend(`${pace}-${service}`, port, { image, command: nodeScript(program) });
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
        template: pod(labels, {
          name,
          ports: [{ containerPort: port }],
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
          ...container,
        }),
      },
    },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports: [{ port }] } },
  ];
}
