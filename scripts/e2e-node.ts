/**
 * `npm run e2e:node`: the image on two real kubelets, without Docker. Makes two nodes in network, mount and
 * process namespaces of this machine, loads the image of `npm run image`, installs the chart from the files a
 * user would use, and runs the scenario (scripts/e2e/scenario.ts) that kind runs, too. Needs Linux and root;
 * where it can't run it says why and does nothing. Leaves nothing behind, and fails when something is left.
 */
import { fileURLToPath } from 'node:url';
import packageJSON from '../package.json' with { type: 'json' };
import { execute } from './demo/execute.ts';
import { reasonNotToRun } from './e2e/node/guard.ts';
import { imageArchives, isImageOutdated } from './e2e/node/images.ts';
import { type Inside, runIsolated } from './e2e/node/isolation.ts';
import { startNodes } from './e2e/node/provider.ts';
import { perform } from './e2e/perform.ts';
import { readFlags } from './flags.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = readFlags(
  {
    quick: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    require: { type: 'boolean', default: false },
  },
  `npm run e2e:node [-- --quick] [-- --keep] [-- --require]

  --quick    the core of the scenario only
  --keep     keep the cluster when the scenario has ended, until Ctrl-C
  --require  fail instead of skipping where it can't run`,
);
process.chdir(root);
const inside = process.env['E2E_NODE_INSIDE'];
process.exitCode =
  inside === undefined ? await outside() : await insideNamespaces(JSON.parse(inside) as Inside);
if (inside !== undefined) {
  // Whatever is still open belongs to processes that end with this one.
  process.exit();
}

async function outside(): Promise<number> {
  const reason = await reasonNotToRun();
  if (reason !== undefined) {
    console.log(`e2e:node skipped: ${reason}.`);
    return flags.require ? 1 : 0;
  }
  if (await isImageOutdated(root)) {
    console.log('There is no image of the present sources; npm run image …');
    await execute(process.execPath, ['scripts/image.ts']);
  }
  return runIsolated(fileURLToPath(import.meta.url), process.argv.slice(2));
}

function insideNamespaces(given: Inside): Promise<number> {
  return perform(
    'e2e:node',
    flags,
    (report) =>
      report.step('start two nodes and load the image', 'what a user installs needs no Docker', async () => {
        const directory = `${given.directory}/images`;
        const withFormer = !flags.quick;
        return startNodes(
          given,
          await imageArchives({ root, directory, tag: packageJSON.version, withFormer }),
        );
      }),
    async () => {
      await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
    },
  );
}
