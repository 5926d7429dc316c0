/**
 * `npm run e2e:flux`: examples/gitops applied by the real Flux. Starts an API server, Redis, S3, the
 * controller, a Git server and Flux' source-controller and kustomize-controller as processes of this machine,
 * and pushes to Git what people push. Needs git; no Docker, no root, no nodes.
 */
import { fileURLToPath } from 'node:url';
import { runFluxScenario } from './e2e/flux/scenario.ts';
import { setStage } from './e2e/flux/stage.ts';
import { Report } from './e2e/report.ts';
import { findOnPath } from './setup/locate.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
process.exitCode = await main();

async function main(): Promise<number> {
  if (findOnPath('git') === undefined) {
    console.error('e2e:flux needs git on PATH.');
    return 1;
  }
  const report = new Report();
  await using stage = await report.step(
    'start Flux and what it works on',
    'no cluster is needed for it',
    setStage,
  );
  try {
    await runFluxScenario(stage, report);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(await stage.log());
    return 1;
  } finally {
    console.log(`\n${report.table()}\n`);
  }
  console.log('e2e:flux passed');
  return 0;
}
