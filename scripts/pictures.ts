/**
 * `npm run pictures [-- terminal]`: takes the pictures that the pages show, of real runs. Run by hand, after
 * a change of the dashboard's page or of what `plan` and `recover` print.
 *
 *   docs/images/recovery.svg      a terminal, animated: loss, plan and repair
 *   docs/images/dashboard-*.png   the dashboard on a cluster in which an app has lost its settings and a
 *                                 recovery waits for approval; not with `terminal`
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { appAddress, setStage, startDashboard } from '../test/dashboard/stage.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { asset } from '../test/harness/assets.ts';

const directory = 'docs/images';
const viewport = { width: 1200, height: 560 };

const animation = join(directory, 'recovery.svg');
await promisify(execFile)(process.execPath, ['scripts/demo.ts', '--engine', `--animation=${animation}`], {
  env: { ...process.env, FORCE_COLOR: '1' },
});
console.log(`wrote ${animation}`);
if (process.argv[2] !== 'terminal') {
  await takeDashboard();
}

async function takeDashboard(): Promise<void> {
  await using cluster = await startAPIServer();
  await using stage = await setStage(cluster, ['published', 'config', 'ecdsa', 'many']);
  const { namespace, installation } = stage;
  await using dashboard = await startDashboard(await cluster.kubeconfigFile({ namespace: namespace.name }));
  const lost = installation.app('simple');
  await namespace.start('simple-1', { adminName: lost.admin, appName: lost.app, approval: 'Manual' });
  const { status } = await namespace.reason('simple-1', 'AwaitingApproval');

  const browser = await chromium.launch({ executablePath: asset('chromium'), args: ['--no-sandbox'] });
  try {
    const light = await browser.newPage({ viewport, colorScheme: 'light' });
    await light.goto(dashboard.url);
    await light.getByText('6 apps').waitFor();
    await picture(light, 'dashboard-apps');

    const dark = await browser.newPage({ viewport, colorScheme: 'dark' });
    await dark.goto(appAddress(dashboard.url, namespace.name, lost));
    await dark.getByRole('button', { name: 'Approve…' }).click();
    await dark.getByRole('dialog').waitFor();
    await picture(dark, 'dashboard-approve');

    const digest = status.plan?.digest;
    await namespace.kubectl(
      'patch',
      'bsr',
      'simple-1',
      '--type=merge',
      `--patch={"spec":{"approvedPlan":"${digest}"}}`,
    );
    await namespace.ended('simple-1');
    await light.goto(appAddress(dashboard.url, namespace.name, lost));
    await light.locator('.steps .done').nth(9).waitFor();
    await light.getByText('Healthy').first().waitFor();
    await picture(light, 'dashboard-app', true);
  } finally {
    await browser.close();
  }
}

async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path, fullPage });
  console.log(`wrote ${path}`);
}
