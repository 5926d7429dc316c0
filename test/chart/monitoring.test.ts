import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { collectDefaultMetrics } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { declaredMetrics, registered } from '../../scripts/generate/metrics.ts';
import { succeededReasons } from '../../src/api/reasons.ts';
import { asset } from '../harness/assets.ts';
import { CHART } from './helm.ts';

const ALERTS = `${CHART}/files/alerts.yaml`;
const DASHBOARD = `${CHART}/files/dashboard.json`;
const RUNBOOKS = 'docs/runbooks';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

async function alerts(): Promise<readonly Alert[]> {
  const file: { groups: { rules: Alert[] }[] } = parse(await readFile(ALERTS, 'utf8'));
  return file.groups.flatMap(({ rules }) => rules);
}

async function panels(): Promise<readonly Panel[]> {
  const file: { panels: Panel[] } = JSON.parse(await readFile(DASHBOARD, 'utf8'));
  return file.panels;
}

/** Every time series the program exposes, with its labels; a histogram as the series it consists of. */
async function exposed(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const usual = registered((register) => collectDefaultMetrics({ register }));
  const series = new Map<string, ReadonlySet<string>>();
  for (const { name, labelNames = [] } of [...declaredMetrics, ...usual]) {
    series.set(name, new Set(labelNames));
    for (const suffix of ['bucket', 'sum', 'count']) {
      series.set(`${name}_${suffix}`, new Set([...labelNames, 'le']));
    }
  }
  return series;
}

/** The metric selectors of a PromQL expression: name and the labels it matches on. */
function selectors(expr: string): readonly { readonly name: string; readonly labels: readonly string[] }[] {
  const metric =
    /\b((?:bootstrap_recovery|controller_runtime|workqueue|rest_client|leader_election|process|nodejs)_\w+)\s*(?:\{([^}]*)\})?/g;
  return [...expr.matchAll(metric)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label = '']) => label),
  }));
}

/** Labels that Prometheus adds when it scrapes a pod. */
const scraped = new Set(['namespace', 'pod', 'job', 'instance', 'exported_namespace']);

describe('every metric and label in use exists in the code:', () => {
  test('alerts', async () => {
    const known = await exposed();
    for (const { alert, expr } of await alerts()) {
      expectKnown(alert, expr, known);
    }
  });

  test('dashboard', async () => {
    const known = await exposed();
    const charts = (await panels()).filter(({ type }) => type !== 'row');
    expect(charts.length).toBeGreaterThan(15);
    for (const { title, description, targets = [] } of charts) {
      expect(description, `${title} says what it shows`).toBeTruthy();
      expect(targets.length, title).toBeGreaterThan(0);
      for (const { expr } of targets) {
        expectKnown(title, expr, known);
      }
    }
  });

  function expectKnown(where: string, expr: string, known: ReadonlyMap<string, ReadonlySet<string>>): void {
    const found = selectors(expr);
    expect(found.length, `${where} uses a metric of this program`).toBeGreaterThan(0);
    for (const { name, labels } of found) {
      expect(known.has(name), `${where}: ${name} exists`).toBe(true);
      for (const label of labels) {
        expect(
          scraped.has(label) || known.get(name)?.has(label),
          `${where}: ${name} has the label ${label}`,
        ).toBe(true);
      }
    }
  }
});

test('every reason an alert names is one that runs end with', async () => {
  for (const { alert, expr } of await alerts()) {
    for (const [, list = ''] of expr.matchAll(/reason[=!]~?"([^"]+)"/g)) {
      for (const reason of list.split('|')) {
        expect(Object.keys(succeededReasons), alert).toContain(reason);
      }
    }
  }
});

test('every alert has its runbook page, and every page its alert', async () => {
  const rules = await alerts();
  const pages = (await readdir(RUNBOOKS)).filter((name) => name.startsWith('TUFRecovery'));
  expect(pages.sort()).toEqual(rules.map(({ alert }) => `${alert}.md`).sort());
  for (const { alert, annotations, labels } of rules) {
    expect(annotations['runbook_url']).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
    expect(annotations['summary'], alert).toBeTruthy();
    expect(annotations['description'], alert).toBeTruthy();
    expect(['info', 'warning', 'critical']).toContain(labels['severity']);
  }
});

test('the panels of the dashboard fill its grid without overlapping', async () => {
  interface Placed {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  }
  const taken = new Map<string, string>();
  const { panels: placed }: { panels: Placed[] } = JSON.parse(await readFile(DASHBOARD, 'utf8'));
  for (const { title, gridPos } of placed) {
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        expect(taken.get(`${x}/${y}`), `${title} lies over another panel`).toBeUndefined();
        taken.set(`${x}/${y}`, title);
      }
    }
  }
});

test('the alert rules are valid and fire exactly when they should', async () => {
  const promtool = (...args: readonly string[]) => promisify(execFile)(asset('promtool'), args);
  expect((await promtool('check', 'rules', '--lint=all', '--lint-fatal', ALERTS)).stdout).toContain(
    'SUCCESS',
  );
  expect((await promtool('test', 'rules', 'test/chart/alerts/alerts.test.yaml')).stdout).toContain('SUCCESS');
});

test('every alert is tested', async () => {
  const tests = await readFile('test/chart/alerts/alerts.test.yaml', 'utf8');
  for (const { alert } of await alerts()) {
    expect(tests).toContain(alert);
  }
});
