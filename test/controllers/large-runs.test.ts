import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { apiVersion, bootstrapRecoveries } from '../../src/api/resources.ts';
import { startAPIServer } from '../harness/apiserver.ts';
import { poll } from '../harness/poll.ts';
import { shippedProgram } from '../harness/shipped-program.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { POD_HEAP } from '../tuf/hostile/child.ts';
import { adminClient } from './support/api-client.ts';
import { startController } from './support/controller-process.ts';
import { eachOf } from './support/crowd.ts';
import { testNamespace } from './support/namespace.ts';

const count = 2_000;
/** A little less than the API server admits. */
const annotations = { 'example.com/large': 'x'.repeat(250_000) };
const written = 200;
const mostMiB = 300;

test('2,000 runs with 250 kB of annotations each do not fill the memory of a controller that starts', async () => {
  // Half a gigabyte, that no other test should have to list.
  await using server = await startAPIServer();
  const namespace = await testNamespace(server);
  const client = adminClient(server);
  await using _ = { [Symbol.asyncDispose]: () => client.close() };
  const runs = Array.from({ length: count }, (_, at) => `large-${at}`);
  await eachOf(runs, 8, async (name) => {
    await client.create(bootstrapRecoveries, {
      apiVersion,
      kind: 'BootstrapRecovery',
      metadata: { name, namespace: namespace.name, annotations },
      spec: { adminName: 'alice', appName: name, suspend: true },
    });
  });
  await using bundle = await temporaryDirectory('program');
  await using controller = await startController(
    namespace,
    await shippedProgram(bundle.path, process.execPath, [POD_HEAP]),
  );
  // All of them are cached by now. Each one that is written to comes back whole.
  await poll('some runs to be reconciled', async () => reconciles(await controller.metrics()) >= written);
  const status = await readFile(`/proc/${controller.process.pid}/status`, 'utf8');
  const mostHeld = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  expect(mostHeld).toBeLessThan(mostMiB);
}, 900_000);

function reconciles(metrics: string): number {
  return Number(
    /^controller_runtime_reconcile_total\{controller="bootstraprecovery",result="success"\} (\d+)$/m.exec(
      metrics,
    )?.[1] ?? 0,
  );
}
