import type { KubeconfigEnvironment } from '../../kube/kubeconfig/load-kubeconfig.ts';
import { type ProxyRule, proxyRule } from '../../net/proxy-rule.ts';

/**
 * The environment as this program understands it: the names of the server's own configuration, so that its
 * .env file works unchanged, and a few of ours. This is the only place that reads it, apart from the AWS SDK,
 * whose ambient credentials live in AWS_* variables.
 */
export interface Environment {
  readonly s3: {
    /** S3_ACCESS_KEY */
    readonly accessKeyId: string | undefined;
    /** S3_SECRET_KEY */
    readonly secretAccessKey: string | undefined;
    /** S3_REGION */
    readonly region: string | undefined;
    /** S3_BUCKET_NAME */
    readonly bucket: string | undefined;
    /** The API's URL: S3_API_ENDPOINT, S3_ENDPOINT_PRIVATE or S3_ENDPOINT, see {@link apiEndpoint}. */
    readonly endpoint: string | undefined;
    /** STORAGE_DRIVER: aws, minio, digitalocean or gcp. */
    readonly driver: string | undefined;
    /** S3_FORCE_PATH_STYLE */
    readonly forcePathStyle: boolean | undefined;
    /** S3_CA_FILE, ours. */
    readonly caFile: string | undefined;
  };
  readonly redis: {
    /** REDIS_URL, ours. */
    readonly url: string | undefined;
    /** REDIS_HOST */
    readonly host: string | undefined;
    /** REDIS_PORT */
    readonly port: string | undefined;
    /** REDIS_DB */
    readonly db: string | undefined;
    /** REDIS_USERNAME, ours: the server knows the user `default` only. */
    readonly username: string | undefined;
    /** REDIS_PASSWORD */
    readonly password: string | undefined;
    /** REDIS_CA_FILE, REDIS_CERT_FILE, REDIS_KEY_FILE, ours. */
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    /** REDIS_SENTINEL_USERNAME, REDIS_SENTINEL_PASSWORD, ours. */
    readonly sentinelUsername: string | undefined;
    readonly sentinelPassword: string | undefined;
  };
  /**
   * HTTP_PROXY, HTTPS_PROXY, NO_PROXY, in capitals or not. Read when it is asked for: a mistake in it ends
   * what needs a proxy, and nothing else.
   *
   * @throws {TerminalError} `InvalidInput` for a proxy that can't be one
   */
  readonly proxy: ProxyRule;
  /** NODE_EXTRA_CA_CERTS: certificate authorities that count beside those of Node.js. */
  readonly extraCAFile: string | undefined;
  /** This pod, as the chart tells it: POD_NAME, POD_NAMESPACE, POD_UID. */
  readonly podName: string | undefined;
  readonly podNamespace: string | undefined;
  readonly podUID: string | undefined;
  /** JWT_SECRET: the secret the server signs its tokens with. */
  readonly jwtSecret: string | undefined;
  /** NO_COLOR (no-color.org) and FORCE_COLOR; undefined leaves it to the terminal. */
  readonly color: boolean | undefined;
}

/**
 * Reads what is set. An empty variable counts as not set, as the server's own configuration library has it.
 */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const get = (name: string): string | undefined => variables[name] || undefined;
  return {
    s3: {
      accessKeyId: get('S3_ACCESS_KEY'),
      secretAccessKey: get('S3_SECRET_KEY'),
      region: get('S3_REGION'),
      bucket: get('S3_BUCKET_NAME'),
      endpoint: apiEndpoint(get),
      driver: get('STORAGE_DRIVER'),
      forcePathStyle: asBoolean(get('S3_FORCE_PATH_STYLE')),
      caFile: get('S3_CA_FILE'),
    },
    redis: {
      url: get('REDIS_URL'),
      host: get('REDIS_HOST'),
      port: get('REDIS_PORT'),
      db: get('REDIS_DB'),
      username: get('REDIS_USERNAME'),
      password: get('REDIS_PASSWORD'),
      caFile: get('REDIS_CA_FILE'),
      certFile: get('REDIS_CERT_FILE'),
      keyFile: get('REDIS_KEY_FILE'),
      sentinelUsername: get('REDIS_SENTINEL_USERNAME'),
      sentinelPassword: get('REDIS_SENTINEL_PASSWORD'),
    },
    get proxy() {
      return proxyOf(get);
    },
    extraCAFile: get('NODE_EXTRA_CA_CERTS'),
    podName: get('POD_NAME'),
    podNamespace: get('POD_NAMESPACE'),
    podUID: get('POD_UID'),
    jwtSecret: get('JWT_SECRET'),
    color: get('NO_COLOR') !== undefined ? false : asBoolean(get('FORCE_COLOR')),
  };
}

function proxyOf(get: (name: string) => string | undefined): ProxyRule {
  const either = (name: string): string | undefined => get(name) ?? get(name.toLowerCase());
  return proxyRule({
    httpProxy: either('HTTP_PROXY'),
    httpsProxy: either('HTTPS_PROXY'),
    noProxy: either('NO_PROXY'),
  });
}

/** Where a kubeconfig may be, as kubectl has it. */
export function kubeconfigEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): Omit<KubeconfigEnvironment, 'now'> {
  return {
    kubeconfig: variables['KUBECONFIG'] || undefined,
    home: variables['HOME'] || undefined,
    proxy: proxyOf((name) => variables[name] || undefined),
    inCluster: Boolean(variables['KUBERNETES_SERVICE_HOST'] && variables['KUBERNETES_SERVICE_PORT']),
  };
}

/**
 * The server's rule for the bucket of its metadata (2.1.0, server/utils/storage). Drivers `minio` and
 * `digitalocean`: S3_ENDPOINT; the private endpoint is that of another bucket. Driver `aws`: S3_API_ENDPOINT;
 * else the private, then the public endpoint, unless it is AWS' own (then it is only the base of download
 * URLs, and the SDK knows where the API is). For MinIO the server wants `host:port` without a scheme and
 * MINIO_SECURE beside it.
 */
function apiEndpoint(get: (name: string) => string | undefined): string | undefined {
  const driver = get('STORAGE_DRIVER');
  const own = driver === 'minio' || driver === 'digitalocean';
  const candidates = own
    ? [get('S3_ENDPOINT')]
    : [get('S3_API_ENDPOINT'), get('S3_ENDPOINT_PRIVATE'), get('S3_ENDPOINT')];
  const endpoint = candidates.find(
    (value) => value !== undefined && !/\.amazonaws\.com(\.cn)?\b/i.test(value),
  );
  if (endpoint === undefined || /^https?:\/\//i.test(endpoint)) {
    return endpoint;
  }
  const plain = driver === 'minio' && asBoolean(get('MINIO_SECURE')) !== true;
  return `${plain ? 'http' : 'https'}://${endpoint}`;
}

/** What Go's strconv.ParseBool, and so the server, takes for true. */
function asBoolean(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : /^(1|t|true)$/i.test(value);
}
