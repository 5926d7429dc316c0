import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import { targetConcernsGuard } from '../../src/controllers/recoverypolicy/wake.ts';
import { missingReferencePauseMs } from '../../src/controllers/target-connection/missing-reference.ts';

/** A target whose condition says this. */
function saying(reason: string): RecoveryTarget {
  const condition: Condition = {
    type: 'RedisReachable',
    status: 'False',
    reason,
    message: '',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  };
  // Of a target only what decides is there.
  return {
    metadata: { name: 'default' },
    spec: {},
    status: { conditions: [condition] },
  } as unknown as RecoveryTarget;
}

test('policies and apps are woken when the last thing that their target lacked is there, and by no other verdict', () => {
  const wakes = (before: string, after: string) =>
    targetConcernsGuard({ type: 'updated', previous: saying(before), object: saying(after) });
  expect(wakes('ReferenceNotFound', 'Reachable')).toBe(true);
  expect(wakes('ReferenceNotFound', 'RedisAccessDenied')).toBe(true);
  expect(wakes('ReferenceNotFound', 'ReferenceNotFound')).toBe(false);
  expect(wakes('RedisUnreachable', 'Reachable')).toBe(false);
  expect(wakes('Reachable', 'ReferenceNotFound')).toBe(false);
});

test('what is missing is looked for more rarely the longer that lasts, and every ten seconds at least', () => {
  fc.assert(
    fc.property(fc.nat(86_400_000), fc.nat(86_400_000), (waitedMs, moreMs) => {
      const pauseMs = missingReferencePauseMs(waitedMs);
      expect(pauseMs).toBeGreaterThanOrEqual(1_000);
      expect(pauseMs).toBeLessThanOrEqual(10_000);
      expect(missingReferencePauseMs(waitedMs + moreMs)).toBeGreaterThanOrEqual(pauseMs);
    }),
  );
});
