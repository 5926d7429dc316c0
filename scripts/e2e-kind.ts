/**
 * `npm run e2e:kind`: the image on a real cluster. Builds the image, starts a kind cluster, installs the chart, puts a
 * Redis, an S3 store and a signed app into it, loses every setting, brings the app back with the six-line manifest,
 * checks Redis key by key, and takes the cluster down again. Needs docker, kind, kubectl and helm; `--keep` leaves the
 * cluster. Where they are missing it says so and fails.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signDemoApp } from './demo/app.ts';
import { Cluster } from './e2e-kind/cluster.ts';
import { backendManifests, credentials, targetManifest } from './e2e-kind/manifests.ts';
import { run } from './e2e-kind/run.ts';
import { upload } from './e2e-kind/upload.ts';
import { findOnPath } from './setup/locate.mjs';

const image = 'tuf-recovery-operator:e2e';
const namespace = 'faynosync';
const programs = ['docker', 'kind', 'kubectl', 'helm'] as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const missing = programs.filter((program) => findOnPath(program) === undefined);
  if (missing.length > 0) {
    console.error(`e2e:kind needs docker, kind, kubectl and helm on PATH; missing: ${missing.join(', ')}.`);
    console.error('Everything but the image on a cluster is covered by npm test, which needs none of them.');
    return 1;
  }
  try {
    await run('docker', ['info']);
  } catch {
    console.error(
      'e2e:kind needs a running Docker daemon, but docker info fails. Start Docker and try again.',
    );
    return 1;
  }
  const cluster = new Cluster('tuf-recovery-e2e', join(tmpdir(), 'tuf-recovery-e2e.kubeconfig'), namespace);
  try {
    await scenario(cluster);
    console.log('e2e:kind passed');
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(await cluster.diagnosis());
    return 1;
  } finally {
    if (!args.includes('--keep')) {
      await cluster.delete();
    }
  }
}

async function scenario(cluster: Cluster): Promise<void> {
  await step('build the image', () => run('docker', ['build', `--tag=${image}`, '.']));
  await step('start a cluster', () => cluster.create());
  await step('load the image', () => cluster.load(image));
  await step('start Redis and S3', async () => {
    await cluster.apply(...backendManifests);
    await cluster.kubectl(['rollout', 'status', 'deployment/redis', 'deployment/s3', '--timeout=300s']);
  });
  const app = signDemoApp(new Date());
  await step(`upload ${app.objects.length} signed files`, async () => {
    await using forwarded = await cluster.forward('service/s3', 7070);
    await upload(`http://127.0.0.1:${forwarded.port}`, credentials, app.objects);
  });
  await step('install the chart', () => cluster.install('charts/tuf-recovery-operator', image));
  await step('describe where everything is', async () => {
    await cluster.apply(targetManifest(app.rootSHA256));
    await cluster.kubectl(['wait', '--for=condition=Ready', 'rt/default', '--timeout=120s']);
  });
  await step('bring the app back with the six-line manifest', async () => {
    await cluster.kubectl(['apply', '--filename=-'], await readFile('examples/run.yaml', 'utf8'));
    await cluster.kubectl(['wait', '--for=condition=Succeeded', 'bsr/tuf', '--timeout=300s']);
  });
  await step('compare Redis with what was lost', async () => {
    const taskID = await cluster.kubectl(['get', 'bsr/tuf', '--output=jsonpath={.metadata.uid}']);
    const marker = `BOOTSTRAP_${app.suffix}`;
    for (const [key, wanted] of Object.entries({ ...app.settings, [marker]: taskID })) {
      const found = await cluster.kubectl([
        'exec',
        'deployment/redis',
        '--',
        'redis-cli',
        '--raw',
        'GET',
        key,
      ]);
      if (found.trimEnd() !== wanted) {
        throw new Error(`${key} is "${found.trimEnd()}", but was "${wanted}".`);
      }
    }
  });
}

/** Tells what is done and how long it took. */
async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  process.stdout.write(`${what} … `);
  const result = await work();
  console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
