import { expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import { planRecovery } from '../../src/recovery/plan/planner.ts';
import { planFindings, redisFindings } from '../../src/recovery/run-findings.ts';
import { observedStateOf } from '../../src/recovery/state/observed-state.ts';
import { evidence, expected, lifetimesOf, rotatedRoot, trustedFacts } from './fixtures/facts.ts';

const roles = Array.from({ length: 300 }, (_, i) => `role-${i}`);

test('a copied bucket with hundreds of roles is reported with examples and a number', () => {
  const trusted = trustedFacts(roles);
  const known = evidence(trusted, { lifetimes: lifetimesOf({ ...trusted, delegated: [] }, []) });
  const observed = inOneTurn(observedStateOf(new Map(), expected(roles)));
  const plan = inOneTurn(planRecovery(observed, expected(roles), known));
  const uncertain = inOneTurn(planFindings(plan, observed, expected(roles), known)).filter(
    ({ code }) => code === 'UncertainValue',
  );
  expect(uncertain).toHaveLength(20);
  expect(uncertain.at(-1)?.detail).toContain('280 more of this kind');
});

test('a rotation that changed thresholds shows in the settings bootstrap wrote, and only there', () => {
  const known = evidence({ ...trustedFacts(), root: rotatedRoot(3) });
  const observed = inOneTurn(observedStateOf(new Map(), expected()));
  const plan = inOneTurn(planRecovery(observed, expected(), known));
  const found = inOneTurn(planFindings(plan, observed, expected(), known)).filter(
    ({ code }) => code === 'SettingDiffersFromRoot',
  );
  expect(found.map(({ detail }) => detail.split(' ')[0])).toEqual([
    'ROOT_THRESHOLD_alice_tuf',
    'TARGETS_THRESHOLD_alice_tuf',
    'SNAPSHOT_THRESHOLD_alice_tuf',
    'TIMESTAMP_THRESHOLD_alice_tuf',
    'ROOT_NUM_KEYS_alice_tuf',
  ]);
});

test('a sound primary has no findings', () => {
  expect(redisFindings({ version: '7.0.15', role: 'master', time: undefined, warnings: [] })).toEqual([]);
});
