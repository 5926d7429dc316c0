import { pinned } from '../setup/pinned.mjs';
import { REDIS_FLAVOURS } from '../setup/redis-flavours.mjs';

/** One thing the product runs with, or on. */
export interface SupportRow {
  readonly what: string;
  readonly version: string;
  /** Test files of this repository; empty: not tested. */
  readonly tests: readonly string[];
  /** What holds there, or what differs. */
  readonly note: string;
}

/** A table of the page. */
export interface SupportArea {
  readonly title: string;
  /** What the second column says; the version when absent. */
  readonly column?: string;
  readonly rows: readonly SupportRow[];
}

const KUBERNETES = pinned('kubernetes', 'k8s.io/kubernetes').version;
const VERSITYGW = pinned('versitygw', 'github.com/versity/versitygw').version;
const FLAVOURS = 'test/redis/flavours.test.ts';

const redis: readonly SupportRow[] = [
  ...REDIS_FLAVOURS.map(({ name, version }) => ({
    what: name.split(' ')[0] ?? name,
    version: version.replace(/\.$/, '.x'),
    tests: [FLAVOURS],
    note: name === 'Redis 6.2' ? 'no `EVAL_RO`, no read-only key patterns' : '',
  })),
  {
    what: 'Redis',
    version: '7.0 (the Redis on PATH)',
    tests: [FLAVOURS, 'test/redis/state-store.test.ts', 'test/recovery/acl.test.ts'],
    note: 'everything else is tested with it as well',
  },
  {
    what: 'Redis behind Sentinel',
    version: '7.0',
    tests: ['test/redis/sentinel.test.ts', 'test/recovery/kill-failover.test.ts'],
    note: '',
  },
  {
    what: 'Redis with TLS and client certificates',
    version: '7.0',
    tests: ['test/redis/tls.test.ts'],
    note: 'a port on which only one side speaks TLS is named',
  },
  {
    what: 'Redis without INFO, CONFIG and ACL',
    version: 'every one above',
    tests: [FLAVOURS],
    note: 'as managed services close them: `RedisFactsWithheld`',
  },
  {
    what: 'Redis in Cluster mode',
    version: 'every one above',
    tests: [FLAVOURS],
    note: 'refused by name: the keys of the server carry no hash tags',
  },
  {
    what: 'Valkey 7.2, KeyDB, Dragonfly',
    version: '',
    tests: [],
    note: 'no package index or Debian suite has them',
  },
  {
    what: 'Redis with TLS and a password, without the commands that ElastiCache, Memorystore or Azure Cache close',
    version: '7.0',
    tests: ['test/redis/managed.test.ts'],
    note: 'also in Cluster mode behind TLS, as MemoryDB: refused by name',
  },
  {
    what: 'ElastiCache, MemoryDB, Memorystore, Azure Cache',
    version: '',
    tests: [],
    note: 'what they close is tested on Redis itself',
  },
];

/** Where it runs, and how that is known: the one source of docs/where-it-runs.md. */
export const supportAreas: readonly SupportArea[] = [
  { title: 'Redis and its relatives', rows: redis },
  {
    title: 'Stores',
    rows: [
      {
        what: 'versitygw',
        version: VERSITYGW,
        tests: ['test/storage/s3.test.ts', 'test/storage/s3-policy.test.ts'],
        note: 'signatures, users and policies are checked',
      },
      {
        what: 'Listings in the forms of other stores',
        version: '',
        tests: ['test/field/command-line.test.ts', 'test/storage/s3-errors.test.ts'],
        note: 'against scripted answers: no `IsTruncated`, no `Size`, other dates, other encodings, version 1',
      },
      {
        what: 'Endpoints with a path, `tenant:bucket`, regions with `_`',
        version: '',
        tests: ['test/api/crds.test.ts', 'test/storage/s3-region.test.ts'],
        note: 'against scripted answers',
      },
      {
        what: 'AWS S3, MinIO, Ceph, Garage, SeaweedFS, R2, Google Cloud Storage',
        version: '',
        tests: [],
        note: 'Google Cloud Storage through its S3-compatible API, with HMAC keys',
      },
      {
        what: 'Directories and HTTP mirrors',
        version: '',
        tests: ['test/storage/directory.test.ts', 'test/storage/http.test.ts'],
        note: 'command line only; mirrors by the TUF client of `conformance`, not by `verify`',
      },
    ],
  },
  {
    title: 'Credentials and networks',
    rows: [
      {
        what: 'IRSA, EKS Pod Identity, ECS, profiles, process, SSO',
        version: '',
        tests: ['test/storage/ambient-credentials.test.ts', 'test/field/command-line.test.ts'],
        note: 'what goes wrong is tested against scripted answers; AWS itself was not asked',
      },
      {
        what: "The server's `.env`: minio, digitalocean, aws, gcp",
        version: '',
        tests: ['test/cli/env.test.ts', 'test/field/command-line.test.ts'],
        note: '',
      },
      {
        what: 'HTTP proxies (CONNECT), NO_PROXY',
        version: '',
        tests: ['test/net/proxied-paths.test.ts', 'test/net/reach.test.ts', 'test/net/proxy-rule.test.ts'],
        note: "S3, STS, the API server, key sets, issuers, whoami, the server's API, webhooks; SOCKS to the API server only",
      },
      {
        what: 'Intermediate and server certificates as anchors',
        version: '',
        tests: ['test/net/anchors.test.ts', 'test/net/extra-authorities.test.ts'],
        note: 'S3, Redis, API server, key sets, the server; in a Secret, and in the file of `caBundle` (NODE_EXTRA_CA_CERTS)',
      },
    ],
  },
  {
    title: 'What is renewed without a restart',
    column: 'counts',
    rows: [
      {
        what: 'Secrets of a target: passwords, access keys, authorities, client certificates',
        version: 'the next run or probe',
        tests: ['test/controllers/rotation.test.ts', 'test/controllers/targets.test.ts'],
        note: '',
      },
      {
        what: "Secrets for the server's API: authority, JWT secret, logins",
        version: 'the next request',
        tests: ['test/controllers/rotation.test.ts'],
        note: '',
      },
      {
        what: "The installation's authorities: `caBundle`, NODE_EXTRA_CA_CERTS",
        version: 'within 10 seconds',
        tests: ['test/controllers/rotation.test.ts', 'test/net/extra-authorities.test.ts'],
        note: 'for new connections; a damaged file changes nothing and is logged',
      },
      {
        what: 'Shared secrets of the shim (`--jwt-secret-file`)',
        version: 'within 5 seconds',
        tests: ['test/shim/rotation.test.ts', 'test/shim/shared-secrets.test.ts'],
        note: 'a verified token counts for up to 30 seconds more; JWT_SECRET, a variable, needs a restart',
      },
      {
        what: 'Keys of an issuer (JWKS)',
        version: 'within 30 seconds',
        tests: ['test/shim/issuer-keys.test.ts'],
        note: 'a key that is taken back counts for up to 10 minutes',
      },
      {
        what: 'Kubeconfigs: token files, client certificates, authorities, plug-ins',
        version: 'the next request',
        tests: ['test/kube/credentials.test.ts', 'test/kube/api-client.test.ts'],
        note: 'what stands in the kubeconfig itself: once it is refused',
      },
      {
        what: 'Ambient AWS credentials: web identity and pod tokens, profiles',
        version: 'when they expire',
        tests: ['test/storage/ambient-credentials.test.ts'],
        note: 'a profile, which does not expire: within 10 minutes',
      },
    ],
  },
  {
    title: 'Kubernetes',
    rows: [
      {
        what: 'API server',
        version: KUBERNETES,
        tests: ['test/api/crds.test.ts', 'test/controllers/life.test.ts'],
        note: 'other versions were not tested; the CRDs need 1.30 or later',
      },
      {
        what: 'Kubeconfigs, as kubectl reads them',
        version: KUBERNETES,
        tests: ['test/cli/kubeconfig.test.ts'],
        note: 'compared with kubectl itself',
      },
      {
        what: 'Chart, with Helm',
        version: pinned('helm', 'helm.sh/helm/v3').version,
        tests: ['test/chart/install.test.ts'],
        note: '',
      },
      { what: 'EKS, GKE, AKS, OpenShift', version: '', tests: [], note: '' },
    ],
  },
  {
    title: 'Servers and metadata',
    rows: [
      {
        what: 'faynoSync',
        version: '2.1.0',
        tests: ['test/recovery/golden.test.ts', 'test/recovery/scenarios.test.ts'],
        note: 'against what a real server wrote and answered',
      },
      {
        what: 'faynoSync',
        version: '2.1.1 to 2.3.0',
        tests: [],
        note: 'its release notes name no change of keys in Redis or of the layout of the bucket',
      },
      {
        what: 'faynoSync',
        version: '2.4 to 2.9 and later',
        tests: [],
        note: 'expected to work; 2.1.0 does not say its version over HTTP, and the operator does not detect that of a newer one',
      },
      {
        what: 'Servers whose only root is called `root.json`',
        version: 'before versioned names',
        tests: ['test/recovery/legacy-root.test.ts'],
        note: 'read as version 1, as later servers read it',
      },
      {
        what: 'Snapshots that name versions only, without length and digest',
        version: 'before 1.5.16',
        tests: ['test/tuf/verify.test.ts'],
        note: 'verified by signatures and versions',
      },
      {
        what: 'Tokens without a username, of newer servers',
        version: '',
        tests: ['test/shim/caller-role.test.ts', 'test/shim/token-verifier.test.ts'],
        note: 'the server is asked who it is (`--server-url`)',
      },
      {
        what: 'Logins: five of an admin in a minute',
        version: 'after 2.1.0',
        tests: ['test/controllers/server-api.test.ts', 'test/controllers/refresh.test.ts'],
        note: 'one login serves every call for ten minutes',
      },
      {
        what: 'Renewed roots, renamed apps, admins that differ by case',
        version: '',
        tests: ['test/recovery/renewed-and-renamed.test.ts'],
        note: '',
      },
      {
        what: 'Keys: ed25519, ECDSA P-256 and P-384, RSA-PSS',
        version: 'TUF 1.0',
        tests: ['test/tuf/keyring.test.ts', 'test/tuf/corpus.test.ts'],
        note: 'others are named (`UnsupportedKey`)',
      },
      {
        what: 'Repositories without versions in names',
        version: 'TUF 1.0',
        tests: ['test/field/command-line.test.ts'],
        note: '`verify --policy strict` only; nothing is recovered from them',
      },
    ],
  },
];
