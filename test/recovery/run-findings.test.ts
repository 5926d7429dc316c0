import { expect, test } from 'vitest';
import { Lifetimes } from '../../src/recovery/plan/lifetimes.ts';
import { planRecovery } from '../../src/recovery/plan/planner.ts';
import { planFindings, serverFindings } from '../../src/recovery/run-findings.ts';
import { assess } from '../../src/recovery/state/observed-state.ts';
import { evidences, question, rotatedRoot, trustedFacts } from './fixtures/facts.ts';

const roles = Array.from({ length: 300 }, (_, i) => `role-${i}`);

test('a copied bucket with hundreds of roles is told with examples and a number', () => {
  const trusted = trustedFacts(roles);
  const known = evidences(trusted, { lifetimes: new Lifetimes({ ...trusted, delegated: [] }, []) });
  const situation = assess(new Map(), question(roles));
  const plan = planRecovery(situation, question(roles), known);
  const uncertain = planFindings(plan, situation, question(roles), known).filter(
    ({ code }) => code === 'UncertainValue',
  );
  expect(uncertain).toHaveLength(20);
  expect(uncertain.at(-1)?.detail).toContain('280 more of this kind');
});

test('a rotation that changed thresholds shows in the settings bootstrap wrote, and only there', () => {
  const known = evidences({ ...trustedFacts(), root: rotatedRoot(3) });
  const situation = assess(new Map(), question());
  const plan = planRecovery(situation, question(), known);
  const found = planFindings(plan, situation, question(), known).filter(
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

test('a sound primary has nothing to tell', () => {
  expect(serverFindings({ version: '7.0.15', role: 'master', warnings: [] })).toEqual([]);
});
