/**
 * A thousand runs at once against a real API server, Redis and S3 server, with a controller in a process of its own.
 * Prints runs per second beside the rate at which the same API server takes status writes from nobody but a client, how
 * long a run took from its creation to its end, and the controller's memory. Exits with 1 when a run did not end right.
 * `node bench/controller.ts [runs] [apps]`
 */
import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import type { BootstrapRecovery } from '../src/api/bootstraprecovery.generated.ts';
import { apiVersion, bootstrapRecoveries } from '../src/api/resources.ts';
import { ApiClient } from '../src/kube/apiclient.ts';
import { RuntimeMetrics } from '../src/kube/metrics.ts';
import { type ControllerProcess, startController } from '../test/controllers/support/controller-process.ts';
import { type CrowdResult, eachOf, overlaps, putCrowd, runCrowd } from '../test/controllers/support/crowd.ts';
import { startInstallation } from '../test/controllers/support/installation.ts';
import { testNamespace } from '../test/controllers/support/namespace.ts';
import { startApiServer } from '../test/harness/apiserver.ts';

const count = Number(process.argv[2] ?? 1_000);
const apps = Number(process.argv[3] ?? 100);
const referenceWrites = 1_000;

await using server = await startApiServer();
const client = new ApiClient({
  loadConfig: () => server.kubeConfig(),
  userAgent: 'controller-bench',
  metrics: new RuntimeMetrics({ registry: new Registry(), prefix: 'bench' }),
});
const namespace = await testNamespace(server, 'bench');
const reference = await writesPerSecond(await server.createNamespace('reference'));
console.log(`API server alone       ${reference.toFixed(0)} status writes/s, 16 at once`);

await using installation = await startInstallation(['simple']);
await putCrowd(installation, apps);
await namespace.apply(
  ...installation.secrets,
  installation.target('default', { trust: { onFirstUse: true } }),
);
await using controller = await startController(namespace);
const result = await runCrowd(client, namespace.name, { apps, count, timeoutMs: 1_800_000 });
await report(controller, result);
await client.close();

async function report(
  controller: ControllerProcess,
  { runs, latencies, elapsed }: CrowdResult,
): Promise<void> {
  const rate = count / (elapsed / 1000);
  const calls = await apiWrites(controller);
  const percentile = (share: number): string => {
    const at = latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
    return `${(at / 1000).toFixed(1)} s`;
  };
  console.log(
    `${count} runs, ${apps} apps      ${rate.toFixed(1)} runs/s, ${(elapsed / 1000).toFixed(1)} s in all`,
  );
  console.log(
    `writes of the controller ${(calls / count).toFixed(1)} per run, ${(calls / (elapsed / 1000)).toFixed(0)}/s = ${((calls / (elapsed / 1000) / reference) * 100).toFixed(0)} % of the API server alone`,
  );
  console.log(`created to ended       p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, all created at once`);
  console.log(`controller             ${await peakMemory(controller.process.pid)} MiB at most`);
  const reasons = Map.groupBy(runs.values(), reasonOf);
  for (const [reason, ended] of reasons) console.log(`  ${reason}: ${ended.length}`);
  const overlapping = await overlaps(controller, runs);
  for (const overlap of overlapping) console.log(`  ${overlap}`);
  const right =
    reasons.get('Recovered')?.length === apps &&
    (reasons.get('AlreadyConsistent')?.length ?? 0) === count - apps &&
    overlapping.length === 0;
  if (!right) process.exitCode = 1;
}

function reasonOf({ status }: BootstrapRecovery): string {
  return status.conditions?.find(({ type }) => type === 'Succeeded')?.reason ?? 'none';
}

/** How fast the API server takes writes of the same kind, with nobody watching. */
async function writesPerSecond(reference: string): Promise<number> {
  const names = Array.from({ length: 16 }, (_, index) => `reference-${index}`);
  for (const name of names) {
    await client.create(bootstrapRecoveries, {
      apiVersion,
      kind: 'BootstrapRecovery',
      metadata: { name, namespace: reference },
      spec: { adminName: 'nobody', appName: 'nothing' },
    });
  }
  const begin = performance.now();
  await eachOf(names, names.length, async (name) => {
    for (let attempts = 1; attempts <= referenceWrites / names.length; attempts += 1) {
      await client.apply(
        bootstrapRecoveries,
        { metadata: { name, namespace: reference }, status: { observedGeneration: 1, attempts } },
        { fieldManager: 'bench', force: true, subresource: 'status' },
      );
    }
  });
  return referenceWrites / ((performance.now() - begin) / 1000);
}

/** Requests of the controller that changed something, without the renewals of its lease. */
async function apiWrites(controller: ControllerProcess): Promise<number> {
  const lines = (await controller.metrics()).split('\n');
  return lines
    .filter((line) => /^rest_client_requests_total\{.*method="(PATCH|POST|DELETE)"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function peakMemory(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? 'unknown' : (Number(kilobytes) / 1024).toFixed(0);
}
