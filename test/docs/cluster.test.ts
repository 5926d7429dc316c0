import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { startShimProcess } from '../shim/support/shim-process.ts';
import { tokenFor } from '../shim/support/tokens.ts';
import { type ReadersCluster, startReadersCluster } from './cluster.ts';
import { follow } from './follow.ts';
import { type LostApp, startLostApp } from './lost-app.ts';
import { transcriptOf } from './transcript.ts';

const quickstart = 'docs/quickstart.md';
const controllerName = 'tuf-recovery-controller';

const twoSettings = ['SNAPSHOT_EXPIRATION_alice_tuf', 'nightly_EXPIRATION_alice_tuf'];

let reader: ReadersCluster;

beforeAll(async () => {
  reader = await startReadersCluster(1.5);
});

afterAll(() => reader?.[Symbol.asyncDispose]());

/** What a reader fills in: the names of every page's `values` blocks. */
function values({ app, s3, bucket, redisAddress: { host, port, password }, directory }: LostApp) {
  const [, admin = '', name = ''] = app.prefix.split('/');
  return {
    ...{ NAMESPACE: 'faynosync', ADMIN: admin, APP: name },
    ...{ REDIS: `${host}:${port}`, REDIS_PORT: String(port), REDIS_PASSWORD: password },
    ...{ S3_ENDPOINT: s3.endpoint, S3_REGION: s3.region, S3_BUCKET: bucket },
    ...{ S3_ACCESS_KEY: s3.credentials.accessKeyId, S3_SECRET_KEY: s3.credentials.secretAccessKey },
    ROOT: `${directory}/1.root.json`,
  };
}

describe('a reader who follows the quickstart', () => {
  test('installs the operator with helm and gets a lost app back', async () => {
    const { cluster, lost } = reader;
    await lost.lose('everything');
    await cluster.kubectl(['create', 'namespace', 'faynosync']);
    const env = await reader.environment('default');
    // What a kubelet would do as soon as the chart has made the Deployment.
    const controller = poll('the chart to be installed', () =>
      cluster.kubectl(['get', 'deployment', controllerName, '--namespace=tuf-recovery']),
    ).then(() => reader.startController(controllerName, 'tuf-recovery'));
    await Promise.all([
      controller,
      follow(await transcriptOf(quickstart, 'On your own cluster'), { env, values: values(lost) }),
    ]);
    const settings = await lost.redis.mget(Object.keys(lost.app.settings));
    expect(settings.filter((value) => value === null)).toEqual([]);
  });
});

describe('a reader who follows the page about', () => {
  test('kubectl sees what it shows', async () => {
    await reader.lost.lose('everything');
    await followIn(reader.lost, 'docs/tasks/kubectl.md');
  });

  test('a partial loss repairs it', async () => {
    await reader.lost.lose(twoSettings);
    await followIn(reader.lost, 'docs/tasks/partial-loss.md');
  });

  test('approval writes exactly the plan that was approved', async () => {
    await reader.lost.lose(twoSettings);
    await followIn(reader.lost, 'docs/tasks/approval.md');
  });

  test('noticing a loss has it noticed and repaired', async () => {
    await reader.lost.lose([]);
    await followIn(reader.lost, 'docs/tasks/detect-and-repair.md');
    expect(await reader.lost.redis.get('SNAPSHOT_EXPIRATION_alice_tuf')).toBe('14');
  });

  test('an outage brings back what was configured, although the metadata has expired', async () => {
    await using lost = await startLostApp(4);
    await followIn(lost, 'docs/tasks/after-an-outage.md');
    expect(await lost.redis.get('TIMESTAMP_EXPIRATION_alice_tuf')).toBe('2');
  });

  test('HTTP gets the answers it shows', async () => {
    await reader.lost.lose('everything');
    const namespace = await readyNamespace(reader.lost);
    await using shim = await startShimProcess(reader.cluster, namespace, ['--admin=alice']);
    await follow(await transcriptOf('docs/tasks/http.md'), {
      env: await reader.environment(namespace),
      values: { URL: shim.url, TOKEN: tokenFor('alice') },
    });
  });

  test('security narrows the permissions as it says', async () => {
    const env = await reader.environment('default');
    await follow(await transcriptOf('docs/security.md'), { env, values: {} });
  });

  async function followIn(lost: LostApp, page: string): Promise<void> {
    const env = await reader.environment(await readyNamespace(lost));
    await follow(await transcriptOf(page), { env, values: values(lost) });
  }

  /** A namespace of its own, with the target that the quickstart makes. */
  async function readyNamespace(lost: LostApp): Promise<string> {
    const namespace = await reader.cluster.createNamespace('docs');
    const steps = await transcriptOf(quickstart, 'On your own cluster');
    const preparing = steps.filter(
      (step) =>
        step.kind === 'values' ||
        (step.kind === 'run' && !/helm install|kind: BootstrapRecovery/.test(step.script)),
    );
    const env = await reader.environment(namespace);
    await follow(preparing, { env, values: { ...values(lost), NAMESPACE: namespace } });
    return namespace;
  }
});
