import fc from 'fast-check';
import { Gauge, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { appSeriesFacts } from '../../src/controllers/bootstrapstate/metrics.ts';
import { type AppSeriesFacts, appFamilies, appSeries } from '../../src/observability/app-series.ts';
import { metricsPrefix } from '../../src/observability/metrics.ts';

function textOf(apps: Iterable<AppSeriesFacts>): string {
  return Buffer.concat(inOneTurn(appSeries(apps))).toString();
}

/** The same series as prom-client prints them. */
async function reference(apps: readonly AppSeriesFacts[]): Promise<string> {
  const registry = new Registry();
  const [expires, left, recoverable] = appFamilies.map(
    ({ name, help, labelNames }) =>
      new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] }),
  );
  for (const { labels, files, isRecoverable } of apps) {
    for (const { role, ...file } of files) {
      expires?.set({ ...labels, role }, file.expires.getTime() / 1000);
      if (file.lifetimeLeft !== undefined) {
        left?.set({ ...labels, role }, file.lifetimeLeft);
      }
    }
    if (isRecoverable !== undefined) {
      recoverable?.set({ ...labels }, isRecoverable ? 1 : 0);
    }
  }
  return `\n${await registry.metrics()}`;
}

const word = fc.oneof(fc.string(), fc.constantFrom('a"b', 'a\\b', 'a\nb', 'Zürich 日本', '\\n'));
const file = fc.record({
  role: fc.constantFrom('root', 'timestamp', 'snapshot', 'targets', 'delegated'),
  expires: fc.date({ noInvalidDate: true }),
  lifetimeLeft: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
});
const app: fc.Arbitrary<AppSeriesFacts> = fc.record({
  labels: fc.record({ namespace: word, target: word, admin: word, app: word }),
  files: fc.uniqueArray(file, { selector: ({ role }) => role, maxLength: 5 }),
  isRecoverable: fc.option(fc.boolean(), { nil: undefined }),
});
const apps = fc.uniqueArray(app, {
  selector: ({ labels }) => JSON.stringify(Object.values(labels)),
  maxLength: 8,
});

test('the series of apps are in the format that prom-client writes', async () => {
  await fc.assert(
    fc.asyncProperty(apps, async (some) => {
      expect(textOf(some)).toBe(await reference(some));
    }),
  );
});

test('many apps come in pieces, each family whole', async () => {
  const many = Array.from({ length: 2_000 }, (_, at): AppSeriesFacts => {
    const labels = { namespace: 'prod', target: 'default', admin: 'team', app: `app-${at}` };
    return {
      labels,
      files: [{ role: 'root', expires: new Date(0), lifetimeLeft: 0.5 }],
      isRecoverable: true,
    };
  });
  const pieces = inOneTurn(appSeries(many));
  expect(pieces.length).toBeGreaterThan(appFamilies.length);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
  expect(Buffer.concat(pieces).toString()).toBe(await reference(many));
});

test('the series say what the status of a guarded app says', () => {
  const condition = { message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const state = (
    name: string,
    healthy: string,
    recoverable: 'True' | 'False' | 'Unknown',
  ): BootstrapState => ({
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapState',
    metadata: { namespace: 'prod', name, uid: name, resourceVersion: '1' },
    spec: { targetRef: { name: 'default' }, adminName: 'team/"a"', appName: name },
    status: {
      metadata: {
        root: { version: 1, expiresTime: '1970-01-11T00:00:00Z', warnTime: '1970-01-10T00:00:00Z' },
        delegated: { role: 'x', version: 1, expiresTime: '1970-01-02T00:00:00Z' },
      },
      conditions: [
        { ...condition, type: 'Healthy', status: 'True', reason: healthy },
        { ...condition, type: 'Recoverable', status: recoverable, reason: 'Exact' },
      ],
    },
  });
  const states = [
    state('yes', 'Consistent', 'True'),
    state('no', 'Consistent', 'False'),
    state('unknown', 'Consistent', 'Unknown'),
    state('resting', 'NotGuarded', 'True'),
  ];
  const samples = textOf(appSeriesFacts(states, new Date('1970-01-09T00:00:00Z')))
    .split('\n')
    .filter((line) => line.startsWith(metricsPrefix));
  const labels = (name: string) => `namespace="prod",target="default",admin="team/\\"a\\"",app="${name}"`;
  expect(samples.filter((line) => line.includes('expires_timestamp') && line.includes('"yes"'))).toEqual([
    `bootstrap_recovery_app_metadata_expires_timestamp_seconds{${labels('yes')},role="root"} 864000`,
    `bootstrap_recovery_app_metadata_expires_timestamp_seconds{${labels('yes')},role="delegated"} 86400`,
  ]);
  expect(samples.filter((line) => line.includes('lifetime_left') && line.includes('"yes"'))).toEqual([
    `bootstrap_recovery_app_metadata_lifetime_left_ratio{${labels('yes')},role="root"} 0.5`,
  ]);
  expect(samples.filter((line) => line.includes('recoverable'))).toEqual([
    `bootstrap_recovery_app_recoverable{${labels('yes')}} 1`,
    `bootstrap_recovery_app_recoverable{${labels('no')}} 0`,
  ]);
  expect(samples.join('\n')).not.toContain('resting');
});
