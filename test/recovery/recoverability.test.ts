import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOLDEN_APPS, type GoldenApp, goldenApp } from '../harness/golden.ts';
import { type GoldenRuns, startGoldenRuns } from './fixtures/golden-runs.ts';

let site: GoldenRuns;

beforeAll(async () => {
  site = await startGoldenRuns();
});

afterAll(() => site?.[Symbol.asyncDispose]());

/** What a verification with a drill says about an app that Redis holds. */
function drill(
  app: GoldenApp,
  damage?: Parameters<GoldenRuns['run']>[2],
  more: Parameters<GoldenRuns['run']>[1] = {},
) {
  return site.run(app, { mode: 'Verify', drill: true, ...more }, damage);
}

describe('while an app is healthy, it is known whether it would come back', () => {
  test.each(GOLDEN_APPS)('%s: every setting, exactly; nothing is written', async (name) => {
    const app = await goldenApp(name);
    const { recoverability, succeeded } = await drill(app);
    expect(succeeded.reason).toBe('Verified');
    const settings = app.settings.size - 1;
    expect(recoverability).toEqual({ settings, exact: settings, gaps: [], ceremonies: [] });
    expect(await app.differences(site.client)).toEqual([]);
  });

  test('a PUT config that was never signed with is named, with the value that would take its place', async () => {
    const app = await goldenApp('config', 'configured-not-signed');
    const { recoverability } = await drill(app);
    expect(recoverability).toMatchObject({ settings: app.settings.size - 1, exact: app.settings.size - 4 });
    expect(recoverability?.gaps).toEqual([
      gap('TARGETS_EXPIRATION_admin_config', '120', '30'),
      gap('SNAPSHOT_EXPIRATION_admin_config', '21', '7'),
      gap('TIMESTAMP_EXPIRATION_admin_config', '5', '1'),
    ]);
  });

  test('a value that only the captured settings hold is said to come back with them', async () => {
    const app = await goldenApp('config', 'configured-not-signed');
    const captured = {
      capturedAt: app.newest,
      values: new Map([['TARGETS_EXPIRATION_admin_config', '120']]),
    };
    const { recoverability } = await drill(app, undefined, { captured });
    expect(recoverability?.gaps.filter(({ heldByCapture }) => heldByCapture).map(({ key }) => key)).toEqual([
      'TARGETS_EXPIRATION_admin_config',
    ]);
  });

  test('neither overrides nor captured settings make up for what storage lacks', async () => {
    const app = await goldenApp('config', 'configured-not-signed');
    const captured = { capturedAt: new Date(app.newest.getTime() + 1), values: app.settings };
    const overrides = { expirations: { targets: 120, snapshot: 21, timestamp: 5 } };
    const { recoverability } = await drill(app, undefined, { captured, overrides });
    expect(recoverability?.gaps).toHaveLength(3);
    expect(recoverability?.gaps.every(({ heldByCapture }) => heldByCapture)).toBe(true);
  });

  test('a staged ceremony would be lost for good', async () => {
    const app = await goldenApp('deleg');
    const { recoverability } = await drill(app, () =>
      site.client.set('NIGHTLY_SIGNING_admin_deleg', '{"signed":{}}'),
    );
    expect(recoverability?.ceremonies).toEqual(['NIGHTLY_SIGNING_admin_deleg']);
  });

  test('true is as good as 1', async () => {
    const app = await goldenApp('deleg');
    const { recoverability } = await drill(app, (client) =>
      client.set('TARGETS_ONLINE_KEY_admin_deleg', 'true'),
    );
    expect(recoverability?.gaps).toEqual([]);
  });

  test('of an app that has lost something nothing is said', async () => {
    const app = await goldenApp('deleg');
    const lost = await drill(app, (client) => client.del('TARGETS_EXPIRATION_admin_deleg'));
    expect(lost.succeeded.reason).toBe('DriftDetected');
    expect(lost.recoverability).toBeUndefined();
  });

  test('nor when no drill was asked for', async () => {
    const app = await goldenApp('deleg');
    const { recoverability } = await drill(app, undefined, { drill: false });
    expect(recoverability).toBeUndefined();
  });
});

test('a snapshot of 14 days that was signed with the default of 7 meanwhile would not come back', async () => {
  const app = await goldenApp('defaults-snapshot-publish');
  const { recoverability } = await drill(app, (client) =>
    client.set('SNAPSHOT_EXPIRATION_alice_deleg', '14'),
  );
  expect(recoverability?.gaps).toEqual([
    { ...gap('SNAPSHOT_EXPIRATION_alice_deleg', '14', '7'), confidence: 'low' },
  ]);
});

function gap(key: string, held: string, wouldBe: string) {
  return { key, held, wouldBe, source: 'Inferred', confidence: 'high', heldByCapture: false };
}
