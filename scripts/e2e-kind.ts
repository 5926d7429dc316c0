/**
 * `npm run e2e:kind`: the image on a kind cluster of three nodes. Builds it with Docker, installs the chart
 * from the files a user would use, and runs the scenario (scripts/e2e/scenario.ts) that `npm run e2e:node`
 * runs, too. Needs docker, kind, kubectl and helm; where they are missing it says so and fails.
 */
import { fileURLToPath } from 'node:url';
import { execute } from './demo/execute.ts';
import { startKind } from './e2e/kind/provider.ts';
import { perform } from './e2e/perform.ts';
import { readFlags } from './flags.ts';
import { findOnPath } from './setup/locate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = ['docker', 'kind', 'kubectl', 'helm'] as const;
const flags = readFlags(
  {
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
  `npm run e2e:kind [-- --quick] [-- --keep]

  --quick  the core of the scenario only
  --keep   keep the cluster when the scenario has ended`,
);
process.exitCode = await main();

async function main(): Promise<number> {
  const missing = programs.filter((program) => findOnPath(program) === undefined);
  if (missing.length > 0) {
    console.error(`e2e:kind needs docker, kind, kubectl and helm on PATH; missing: ${missing.join(', ')}.`);
    console.error('Without Docker, npm run e2e:node runs the same scenario on Linux as root.');
    return 1;
  }
  try {
    await execute('docker', ['info']);
  } catch {
    console.error(
      'e2e:kind needs a running Docker daemon, but docker info fails. Start Docker and try again.',
    );
    return 1;
  }
  process.chdir(root);
  return perform(
    'e2e:kind',
    flags,
    (report) =>
      report.step('build the image and start a cluster', 'the Dockerfile builds', () =>
        startKind(root, { withFormer: !flags.quick }),
      ),
    async () => undefined,
  );
}
