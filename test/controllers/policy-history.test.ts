import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import { surplusRuns } from '../../src/controllers/recoverypolicy/history.ts';

/** A run that has ended; times are seconds of one minute. */
function ended(name: string, created: number, completed: number): BootstrapRecovery {
  const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapRecovery',
    metadata: { name, uid: name, creationTimestamp: at(created) },
    spec: { adminName: 'alice', appName: 'tuf' },
    status: {
      completionTime: at(completed),
      conditions: [
        {
          ...{ type: 'Succeeded', status: 'True', reason: 'Recovered', message: 'Done.' },
          lastTransitionTime: at(completed),
        },
      ],
    },
    // What the API server fills in is of no interest here.
  } as unknown as BootstrapRecovery;
}

const keepOne = { successfulRunsHistoryLimit: 1, failedRunsHistoryLimit: 1 };
const now = new Date(Date.UTC(2026, 0, 1, 0, 1));
/** An app that has noted how these runs stand. */
const noting = (state: 'Ordered' | 'UnderWay' | 'Succeeded' | 'NotNeeded', ...names: readonly string[]) => ({
  status: {
    observedGeneration: 1,
    recoveries: names.map((name) => ({ name, state, policy: 'guard', time: '2026-01-01T00:00:00Z' })),
  },
});
const namesOf = (runs: readonly BootstrapRecovery[]): readonly string[] =>
  runs.map(({ metadata }) => metadata.name);

test('of two runs that ended in the same second the one that was created later is kept, whatever they are called', () => {
  for (const [early, late] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const runs = [ended(early, 1, 9), ended(late, 2, 9)];
    const apps = [noting('Succeeded', early, late)];
    expect(namesOf(surplusRuns(runs, keepOne, apps, now))).toEqual([early]);
    expect(namesOf(surplusRuns(runs.toReversed(), keepOne, apps, now))).toEqual([early]);
  }
});

test('the same runs are kept in any order of the list', () => {
  const second = fc.integer({ min: 0, max: 3 });
  const list = fc
    .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), second, second), {
      selector: ([name]) => name,
      maxLength: 8,
    })
    .map((all) => all.map((each) => ended(...each)));
  const twoOrders = list.chain((runs) =>
    fc.tuple(fc.constant(runs), fc.shuffledSubarray(runs, { minLength: runs.length })),
  );
  fc.assert(
    fc.property(twoOrders, ([one, other]) => {
      const apps = [noting('Succeeded', ...namesOf(one))];
      expect(namesOf(surplusRuns(one, keepOne, apps, now))).toEqual(
        namesOf(surplusRuns(other, keepOne, apps, now)),
      );
    }),
  );
});

test.each([
  [[noting('Ordered', 'a')], now, []],
  [[noting('UnderWay', 'a')], now, []],
  [[noting('NotNeeded', 'a')], now, ['a']],
  // The cache may not show the order yet.
  [[], now, []],
  [[], new Date(now.getTime() + 3_600_000), ['a']],
])('a run is kept until its app has noted its end (%j)', (apps, at, expected) => {
  expect(namesOf(surplusRuns([ended('a', 1, 9), ended('b', 2, 9)], keepOne, apps, at))).toEqual(expected);
});
