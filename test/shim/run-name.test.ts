import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { keyLabelValue, lastUIDOfChain, nextRunName } from '../../src/shim/runs/run-name.ts';
import { aRun } from './support/a-run.ts';

const app = { tenant: { namespace: 'faynosync', target: 'default' }, admin: 'alice', appName: 'deleg' };

/** The runs of a chain, oldest first; `times` are their creation times, as seconds. */
function chain(times: readonly number[]): readonly BootstrapRecovery[] {
  const runs: BootstrapRecovery[] = [];
  for (const [index, seconds] of times.entries()) {
    const predecessor = runs.at(-1)?.metadata.uid ?? '';
    const creationTimestamp = new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString().replace('.000', '');
    runs.push(aRun([], { name: nextRunName(app, predecessor), uid: `uid-${index}`, creationTimestamp }));
  }
  return runs;
}

describe('the name of the next run', () => {
  test('is a valid name and label value, whatever the app is called', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9-]{0,252}$/), fc.string(), (appName, admin) => {
        const name = nextRunName({ ...app, admin, appName }, '');
        expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        expect(name.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  test('differs for other apps, admins, targets and predecessors, however they are spelled', () => {
    const names = [
      nextRunName(app, ''),
      nextRunName(app, 'uid-0'),
      nextRunName({ ...app, appName: 'DELEG' }, ''),
      nextRunName({ ...app, admin: 'alice_deleg' }, ''),
      nextRunName({ ...app, admin: '["alice"]' }, ''),
      nextRunName({ ...app, tenant: { ...app.tenant, target: 'other' } }, ''),
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test('follows the end of the chain in whatever order the runs are seen, also within one second', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), fc.nat(), (steps, seed) => {
        let now = 0;
        const runs = chain(steps.map((step) => (now += step)));
        const shuffled =
          fc.sample(fc.shuffledSubarray([...runs], { minLength: runs.length }), { numRuns: 1, seed })[0] ??
          [];
        expect(lastUIDOfChain(app, shuffled)).toBe(runs.at(-1)?.metadata.uid);
      }),
    );
    expect(lastUIDOfChain(app, [])).toBe('');
  });

  test('follows the newest end when runs in the middle have expired, in any order of the list', () => {
    const [first, , third, , fifth] = chain([1, 2, 3, 4, 5]);
    const left = [first, third, fifth].filter((run) => run !== undefined);
    expect(lastUIDOfChain(app, left)).toBe('uid-4');
    expect(lastUIDOfChain(app, left.toReversed())).toBe('uid-4');
  });
});

test('an idempotency key becomes a label value that reveals nothing and belongs to one admin', () => {
  const value = keyLabelValue('alice', 'order 66');
  expect(value).toMatch(/^[0-9a-f]{40}$/);
  expect(value).not.toBe(keyLabelValue('bob', 'order 66'));
});
