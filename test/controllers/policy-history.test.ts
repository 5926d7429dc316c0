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
const namesOf = (runs: readonly BootstrapRecovery[]): readonly string[] =>
  runs.map(({ metadata }) => metadata.name);

test('of two runs that ended in the same second the one that was created later is kept, whatever they are called', () => {
  for (const [early, late] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const runs = [ended(early, 1, 9), ended(late, 2, 9)];
    expect(namesOf(surplusRuns(runs, keepOne))).toEqual([early]);
    expect(namesOf(surplusRuns(runs.toReversed(), keepOne))).toEqual([early]);
  }
});

test('the same runs are kept in whatever order they are listed', () => {
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
      expect(namesOf(surplusRuns(one, keepOne))).toEqual(namesOf(surplusRuns(other, keepOne)));
    }),
  );
});
