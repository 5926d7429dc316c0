/**
 * `npm run pictures`: takes the pictures of the dashboard that the pages show. They are of a real cluster, in
 * which an app has lost its settings and a recovery waits for approval. Run by hand, after a change of the
 * page.
 */
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { appAddress, setStage, startDashboard } from '../test/dashboard/stage.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { asset } from '../test/harness/assets.ts';

const directory = 'docs/images';
const viewport = { width: 1200, height: 560 };

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

async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path, fullPage });
  console.log(`wrote ${path}`);
}
