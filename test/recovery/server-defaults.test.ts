import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/recovery/outcome.ts';
import { DEFAULTS_CASES, expectedValues, type GoldenAppName, goldenApp } from '../harness/golden.ts';
import { storeAt } from './fixtures/engine.ts';
import { type GoldenRuns, startGoldenRuns } from './fixtures/golden-runs.ts';

let site: GoldenRuns;

beforeAll(async () => {
  site = await startGoldenRuns();
});

afterAll(() => site?.[Symbol.asyncDispose]());

interface Recovered {
  readonly outcome: Outcome;
  readonly held: (key: string) => Promise<string | null>;
}

/** Recovers a recorded case from what the server left in Redis and in the bucket. */
async function recover(
  name: GoldenAppName,
  more?: Parameters<GoldenRuns['run']>[1],
  damage?: Parameters<GoldenRuns['run']>[2],
): Promise<Recovered> {
  const outcome = await site.run(await goldenApp(name), more, damage);
  return { outcome, held: (key) => site.client.get(key) };
}

/** `uncertain: 14 or 7` when the plan says so, else the value. */
function planned(outcome: Outcome, key: string): string | undefined {
  const action = outcome.plan?.actions.find((candidate) => candidate.key === key);
  return action?.doubt === undefined ? action?.after : `uncertain: ${action.doubt.candidates.join(' or ')}`;
}

describe.each(DEFAULTS_CASES)('%s: the default of the server does not become the configuration', (name) => {
  test('each lost setting comes back, or is called uncertain with both values', async () => {
    const wanted = await expectedValues(name);
    const { outcome } = await recover(name);
    expect(outcome.succeeded.reason).toBe('Recovered');
    for (const [key, { expected, alsoAcceptable = [] }] of wanted) {
      if (expected !== 'any new id') {
        expect([key, [expected, ...alsoAcceptable]]).toEqual([
          key,
          expect.arrayContaining([planned(outcome, key)]),
        ]);
      }
    }
    for (const { key, confidence, doubt } of outcome.plan?.actions ?? []) {
      expect([key, confidence === 'low']).toEqual([key, doubt !== undefined]);
    }
  });

  test('what is uncertain is a finding that names both values', async () => {
    const { outcome } = await recover(name);
    const uncertain = outcome.plan?.actions.filter(({ doubt }) => doubt !== undefined) ?? [];
    const findings = outcome.findings.filter(({ code }) => code === 'UncertainValue');
    expect(findings).toHaveLength(uncertain.length);
    for (const { key, after, doubt } of uncertain) {
      expect(findings.map(({ detail }) => detail)).toContainEqual(
        expect.stringContaining(`${key} = ${after} is uncertain, it was ${doubt?.candidates.join(' or ')}`),
      );
    }
  });

  test('under Ask an uncertain value waits for approval; a plan without one does not', async () => {
    const { outcome } = await recover(name, { uncertainValues: 'Ask' });
    const doubts = outcome.plan?.actions.some(({ doubt }) => doubt !== undefined);
    expect(outcome.succeeded.reason).toBe(doubts ? 'AwaitingApproval' : 'Recovered');
  });
});

describe('the more probable value is applied', () => {
  test('the one before the loss', async () => {
    const { held } = await recover('defaults-snapshot-publish');
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('14');
  });

  test('the newer one, when the record of a PUT config lies between the two', async () => {
    const { held } = await recover('defaults-twin-put7-publish');
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('7');
  });

  test('the one before the loss, when that record is gone, or Redis does not let it be searched for', async () => {
    const gone = await recover('defaults-twin-put7-publish', {}, async (damaged) => {
      await damaged.del(...(await damaged.keys('task:*')));
    });
    expect(await gone.held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('14');

    await site.client.acl('SETUSER', 'narrow', 'on', '>secret', '~*', '+@all', '-scan');
    const narrow = storeAt(site.url.replace('redis://', 'redis://narrow:secret@'));
    try {
      const refused = await recover('defaults-twin-put7-publish', { store: narrow });
      expect(refused.outcome.succeeded.reason).toBe('Recovered');
      expect(await refused.held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('14');
    } finally {
      await narrow.close();
    }
  });

  test('the one before the loss, when a task of the server survived the flush that took everything else', async () => {
    const { held } = await recover('defaults-flush-during-online');
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('14');
    expect(await held('TARGETS_EXPIRATION_alice_deleg')).toBe('90');
  });

  test('the newer one after an ordinary total loss: the settings were there when it was signed', async () => {
    const { held, outcome } = await recover('defaults-twin-put7-publish', {}, (damaged) =>
      damaged.flushall(),
    );
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('7');
    expect(planned(outcome, 'SNAPSHOT_EXPIRATION_alice_deleg')).toBe('uncertain: 14 or 7');
  });
});

describe('captured settings keep their rank after a signing', () => {
  const captured = (days: string) => ({
    capturedAt: new Date('2026-11-27T08:00:00Z'),
    values: new Map([['SNAPSHOT_EXPIRATION_alice_deleg', days]]),
  });

  test('when what was signed is a default of the server', async () => {
    const { outcome, held } = await recover('defaults-snapshot-publish', { captured: captured('20') });
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('20');
    expect(outcome.plan?.actions).toContainEqual(
      expect.objectContaining({
        key: 'SNAPSHOT_EXPIRATION_alice_deleg',
        source: 'Captured',
        confidence: 'high',
      }),
    );
    expect(outcome.findings.map(({ code }) => code)).not.toContain('UncertainValue');
  });

  test('but not when a PUT config is known to have changed it since: then both are named', async () => {
    const { outcome, held } = await recover('defaults-twin-put7-publish', { captured: captured('14') });
    expect(await held('SNAPSHOT_EXPIRATION_alice_deleg')).toBe('7');
    expect(planned(outcome, 'SNAPSHOT_EXPIRATION_alice_deleg')).toBe('uncertain: 14 or 7');
  });

  test('nor when what was signed is no default: only a PUT config can have chosen it', async () => {
    const key = 'TARGETS_EXPIRATION_alice_config';
    const stale = { capturedAt: new Date('2026-11-27T08:00:00Z'), values: new Map([[key, '120']]) };
    const { held } = await recover('defaults-twin-put-90-7-1', { captured: stale });
    expect(await held(key)).toBe('90');
  });
});

test('an approved plan with an uncertain value is carried out, and only that plan', async () => {
  const asked = await recover('defaults-snapshot-publish', { uncertainValues: 'Ask' });
  const digest = asked.outcome.plan?.digest ?? '';
  expect(asked.outcome.succeeded.message).toContain(
    'SNAPSHOT_EXPIRATION_alice_deleg = 14 is uncertain, it was 14 or 7.',
  );
  expect(await asked.held('SNAPSHOT_EXPIRATION_alice_deleg')).toBeNull();
  const approval = { kind: 'Automatic', approvedPlan: digest } as const;
  const { outcome } = await recover('defaults-snapshot-publish', { uncertainValues: 'Ask', approval });
  expect(outcome.succeeded.reason).toBe('Recovered');
  const other = { kind: 'Automatic', approvedPlan: 'sha256:0' } as const;
  const refused = await recover('defaults-snapshot-publish', { uncertainValues: 'Ask', approval: other });
  expect(refused.outcome.succeeded.reason).toBe('AwaitingApproval');
});
