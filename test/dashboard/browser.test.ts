import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiVersion } from '../../src/api/resources.ts';
import { openBrowser } from '../../src/cli/kubectl/dashboard/open-browser.ts';
import { asset } from '../harness/assets.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { condition } from './objects.ts';
import { appAddress, type DashboardProcess, type Stage, setStage, startDashboard } from './stage.ts';

/** Without it, Chromium does not run as root. The only pages it opens here are our own. */
const NO_SANDBOX = ['--no-sandbox', '--disable-dev-shm-usage'];

let stage: Stage;
let dashboard: DashboardProcess;
let browser: Browser;

beforeAll(async () => {
  const cluster = await sharedAPIServer();
  browser = await chromium.launch({ executablePath: asset('chromium'), args: NO_SANDBOX });
  stage = await setStage(cluster);
  dashboard = await startDashboard(await cluster.kubeconfigFile({ namespace: stage.namespace.name }));
});

afterAll(async () => {
  await browser?.close();
  await dashboard?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** What a page did that it must never do. */
interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens an address. The test fails when the page asks another host for anything or the browser complains. */
async function open(address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  const { page, complaints }: Watched = { page: await context.newPage(), complaints: [] };
  const { origin } = new URL(address);
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`threw ${error.message}`));
  // Violations of the Content Security Policy are reported here.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(address);
  return page;
}

const app = (name: 'deleg' | 'simple') => stage.installation.app(name);
const appName = (name: 'deleg' | 'simple') => `${app(name).admin}/${app(name).app}`;
const openApp = (name: 'deleg' | 'simple', options?: BrowserContextOptions) =>
  open(appAddress(dashboard.url, stage.namespace.name, app(name)), options);

/** A text of the page is there, now or soon. */
async function see(page: Page, text: string | RegExp): Promise<void> {
  await page.getByText(text).first().waitFor();
}

/** Whether one must scroll sideways. */
function isWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
}

describe('the grid', () => {
  test('has a card for each app, the lost one first', async () => {
    const page = await open(dashboard.url);
    await expect.poll(() => page.locator('.card').allInnerTexts()).toHaveLength(2);
    const [lost, healthy] = await page.locator('.card').allInnerTexts();
    expect(lost).toContain(appName('simple'));
    expect(lost).toContain('FullLoss');
    expect(healthy).toContain(appName('deleg'));
    expect(healthy).toMatch(/Healthy\s/);
    expect(healthy).toMatch(/recoverable\s+✓\s*(\d+)\/\1\b/);
    expect(healthy).toMatch(/expires in \d+ (day|hour|minute)s?/);
  });

  test('filters, searches and sorts, and a reload keeps it', async () => {
    const page = await open(dashboard.url);
    await page.getByRole('link', { name: /^Healthy 1/ }).click();
    await expect.poll(() => page.locator('.card').count()).toBe(1);
    await page.getByRole('searchbox').fill(app('simple').app);
    await see(page, 'No app is like that.');
    await page.getByRole('link', { name: /^All 2/ }).click();
    await expect.poll(() => page.locator('.card .name').allInnerTexts()).toEqual([appName('simple')]);
    await page.getByLabel('Sort by').selectOption('Name');
    await page.reload();
    await expect.poll(() => page.locator('.card').count()).toBe(1);
    expect(await page.getByRole('searchbox').inputValue()).toBe(app('simple').app);
    expect(await page.getByLabel('Sort by').inputValue()).toBe('name');
  });

  test('is walked through with the keyboard alone, and the focus goes to the heading of what it leads to', async () => {
    const page = await open(dashboard.url);
    await page.locator('.card').first().waitFor();
    const focused = () =>
      page.evaluate<readonly [tag: string, text: string]>(
        '[document.activeElement.tagName, document.activeElement.textContent.trim()]',
      );
    await page.keyboard.press('Tab');
    expect(await focused()).toEqual(['BUTTON', 'Skip to content']);
    await page.keyboard.press('Enter');
    expect(await focused()).toEqual(['H1', 'Apps']);
    for (let presses = 0; !(await focused())[1].includes(appName('simple')); presses += 1) {
      expect(presses).toBeLessThan(20);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await expect.poll(focused).toEqual(['H1', appName('simple')]);
    await page.goBack();
    await expect.poll(focused).toEqual(['H1', 'Apps']);
  });
});

describe('the page of an app', () => {
  test('has the chain, the settings with their source, and the ten steps with their durations', async () => {
    const page = await openApp('deleg');
    await see(page, 'Chain of trust');
    const roles = await page.locator('.chain .role').allInnerTexts();
    expect(roles.map((role) => role.split(/\s/)[0])).toEqual(
      expect.arrayContaining(['root', 'timestamp', 'snapshot', 'targets']),
    );
    expect(roles.length).toBeGreaterThan(4);
    await expect.poll(() => page.locator('.settings li').count()).toBeGreaterThan(10);
    expect(await page.locator('.settings li').first().innerText()).toMatch(
      /restored[\s\S]*(Inferred|Metadata|Default|Captured), (exact|high|medium|low)/,
    );
    // The report is read when the page is first asked for.
    await expect.poll(() => page.locator('.steps .done').count()).toBe(10);
    for (const duration of await page.locator('.steps .duration').allInnerTexts()) {
      expect(duration).toMatch(/^(< )?\d+(\.\d)? (ms|s)$/);
    }
  });

  test('shows what a name holds as text, and cuts it', async () => {
    const name = `<img src=x onerror=alert(1)>${'long'.repeat(40)}`;
    await stage.namespace.start('hostile', { adminName: name, appName: 'app', suspend: true });
    const page = await open(appAddress(dashboard.url, stage.namespace.name, { admin: name, app: 'app' }));
    await expect.poll(() => page.locator('h1').innerText()).toBe(`${name}/app`);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('h1').getAttribute('title')).toBe(`${name}/app`);
    expect(await isWide(page)).toBe(false);
    await stage.namespace.kubectl('delete', 'bsr', 'hostile');
    await see(page, 'There is no such app here any more.');
  });
});

describe('a run', () => {
  test('is followed while it works, waits for an approval that shows its digest and asks, and ends', async () => {
    const { admin, app: name } = app('simple');
    const page = await openApp('simple');
    await see(page, 'There has been no run for this app.');

    stage.target.s3.inject({ kind: 'blackHole' });
    await stage.namespace.start('watched', { adminName: admin, appName: name, approval: 'Manual' });
    await expect.poll(() => page.locator('.steps .current .step').allInnerTexts()).toEqual(['Trust']);
    await stage.target.heal();

    await see(page, 'Run watched waits for your approval');
    expect(await page.locator('.settings .bad').count()).toBeGreaterThan(10);
    const { status } = await stage.namespace.run('watched');
    const digest = status.plan?.digest ?? 'none';
    await see(page, digest);

    // A question that is answered with no changes nothing.
    await page.getByRole('button', { name: 'Approve…' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain(digest);
    expect(await dialog.innerText()).toMatch(/Apply these \d+ writes\?/);
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
    expect((await stage.namespace.run('watched')).spec.approvedPlan).toBeUndefined();

    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Approve these \d+ writes$/ }).press('Enter');
    await expect.poll(() => page.locator('.run .badge').first().innerText()).toContain('Recovered');
    expect((await stage.namespace.run('watched')).spec.approvedPlan).toBe(digest);
    await expect.poll(() => page.locator('.settings .info').count()).toBeGreaterThan(10);
    await expect.poll(() => page.locator('.facts').innerText()).toContain('Healthy');
  });

  test('is not approved by a person without the right, who sees the refusal', async () => {
    const { admin, app: name } = app('deleg');
    const { name: namespace, cluster } = stage.namespace;
    const redis = await stage.installation.redis.client();
    await redis.del(`ROOT_EXPIRATION_${admin}_${name}`);
    await stage.namespace.start('unapproved', { adminName: admin, appName: name, approval: 'Manual' });
    await stage.namespace.reason('unapproved', 'AwaitingApproval');
    await stage.namespace.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'viewer' },
        rules: [
          {
            apiGroups: ['tuf-recovery.dev'],
            resources: ['bootstraprecoveries'],
            verbs: ['get', 'list', 'watch'],
          },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'viewer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' },
        subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace }],
      },
    );
    const token = await cluster.serviceAccountToken(namespace, 'viewer');
    await using viewers = await startDashboard(await cluster.kubeconfigFile({ token, namespace }));
    const page = await open(appAddress(viewers.url, namespace, app('deleg')));
    // Chromium logs every answer that is no success.
    page.removeAllListeners('console');
    await see(page, 'The API server does not tell about apps.');
    await see(page, /The report can't be read: .*configmaps.*forbidden/);
    await page.getByRole('button', { name: 'Approve…' }).click();
    await page.getByRole('button', { name: /^Approve this write|^Approve these/ }).click();
    await see(page, /Nothing was approved\. .*forbidden/);
    expect((await stage.namespace.run('unapproved')).spec.approvedPlan).toBeUndefined();
  });
});

describe('for every visitor', () => {
  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    ([360, 1920] as const).map((width) => [colorScheme, width] as const),
  );

  /** Everything axe has to say, as far as it is sure. */
  async function violations(page: Page): Promise<readonly string[]> {
    const found = await page.evaluate<AxeResults>('axe.run()');
    expect(found.passes.length).toBeGreaterThan(10);
    return found.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`);
  }

  test.each(looks)(
    'in %s colours, %i px wide: axe finds nothing, and nothing is wider than the screen',
    async (colorScheme, width) => {
      const page = await openApp('deleg', { colorScheme, viewport: { width, height: 900 } });
      await page.addInitScript({ content: axe.source });
      await page.reload();
      await page.locator('.steps').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await isWide(page)).toBe(false);
      await page.getByRole('button', { name: 'Approve…' }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await isWide(page)).toBe(false);
      await page.keyboard.press('Escape');
      await page.getByRole('link', { name: 'TUF recovery' }).click();
      await page.locator('.card').first().waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await isWide(page)).toBe(false);
    },
  );
});

test('nothing moves where the system asks for less motion', async () => {
  const moving = async (reducedMotion: 'reduce' | 'no-preference'): Promise<readonly string[]> => {
    const page = await openApp('deleg', { reducedMotion });
    await page.locator('.bar').first().waitFor();
    return page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('*')].flatMap((element) => ['', '::before', '::after'].flatMap((part) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element, part || null);
        const moves = animationName !== 'none' || /[1-9]/.test(transitionDuration) || scrollBehavior === 'smooth';
        return moves ? [element.tagName + part] : [];
      }))`,
    );
  };
  expect(await moving('no-preference')).not.toEqual([]);
  expect(await moving('reduce')).toEqual([]);
});

test('many apps are on pages', async () => {
  const { cluster } = stage.namespace;
  const namespace = await cluster.createNamespace('dashboard-crowd');
  const states = Array.from({ length: 61 }, (_, index) => ({
    apiVersion,
    kind: 'BootstrapState',
    metadata: { name: `app-${index}` },
    spec: { targetRef: { name: 'default' }, adminName: 'crowd', appName: `app-${index}` },
  }));
  await cluster.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: states }), { namespace });
  await using crowd = await startDashboard(await cluster.kubeconfigFile({ namespace }));
  const page = await open(crowd.url);
  await expect.poll(() => page.locator('.card').count()).toBe(60);
  await page.getByRole('link', { name: 'Next page' }).click();
  await expect.poll(() => page.locator('.card').count()).toBe(1);
  await see(page, 'page 2 of 2');
  // One that is lost comes first on the first page, without a reload.
  const status = { state: 'FullLoss', conditions: [condition('Healthy', 'False', 'SettingsLost')] };
  await cluster.kubectl([
    ...['patch', 'bst', 'app-60', `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
    `--patch=${JSON.stringify({ status: { observedGeneration: 1, ...status } })}`,
  ]);
  await page.getByRole('link', { name: 'Previous page' }).click();
  await expect.poll(() => page.locator('.card .name').first().innerText()).toBe('crowd/app-60');
});

test('a dashboard that has ended says so, and what is shown stays', async () => {
  const { cluster, name } = stage.namespace;
  const ended = await startDashboard(await cluster.kubeconfigFile({ namespace: name }));
  const page = await open(ended.url);
  await page.locator('.card').first().waitFor();
  page.removeAllListeners('console');
  await ended[Symbol.asyncDispose]();
  await see(page, 'The dashboard does not answer: what is shown may be old.');
  expect(await page.locator('.card').count()).toBeGreaterThan(0);
});

test('the browser is led to the page by a file that only this user can read: arguments are for all to see', async () => {
  await using programs = await temporaryDirectory('opener');
  const opened = join(programs.path, 'opened');
  await writeFile(join(programs.path, 'xdg-open'), `#!/bin/sh\nprintf %s "$*" > '${opened}'\n`, {
    mode: 0o755,
  });
  vi.stubEnv('PATH', `${programs.path}:${process.env['PATH']}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const opening = await openBrowser(dashboard.url, 'linux');
  const argument = await poll('the browser to be started', async () => await readFile(opened, 'utf8'));
  expect(argument).toMatch(/^file:/);
  expect((await stat(new URL(argument))).mode & 0o077).toBe(0);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(argument);
  await page.waitForURL((url) => url.href.startsWith(dashboard.url));
  await page.locator('.card').first().waitFor();
  await context.close();
  await opening[Symbol.asyncDispose]();
  await expect(stat(new URL(argument))).rejects.toMatchObject({ code: 'ENOENT' });
});
