import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import type { RecoveryPolicy } from '../../src/api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../src/api/recoverytarget.generated.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { targetIndex } from '../../src/controllers/app-history/app-history.ts';
import { ownerIndex } from '../../src/controllers/recoverypolicy/history.ts';
import {
  RecoveryPolicyReconciler,
  type RecoveryPolicyReconcilerOptions,
} from '../../src/controllers/recoverypolicy/reconciler.ts';
import { Store } from '../../src/kube/cache/store.ts';
import { RecoveryMetrics } from '../../src/observability/metrics.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { observed } from '../kube/fixtures/observed.ts';

const key = { namespace: 'prod', name: 'guard' };

function policyOf(generation: number, status: RecoveryPolicy['status']): RecoveryPolicy {
  return {
    apiVersion,
    kind: 'RecoveryPolicy',
    metadata: { ...key, uid: 'guard', resourceVersion: String(generation), generation },
    spec: {
      targetRef: { name: 'default' },
      discover: true,
      suspend: false,
      fullVerificationIntervalSeconds: 3_600,
    },
    status,
    // What the API server fills in is of no interest here.
  } as unknown as RecoveryPolicy;
}

/** A policy whose target does not exist: what it sums up changes nothing, and nothing is written. */
function startReconciler() {
  const clock = new ManualClock();
  const seen = observed();
  const store = <T extends RecoveryPolicy | RecoveryTarget | BootstrapState | BootstrapRecovery>(
    index: string,
  ) =>
    new Store<T>({ indexers: { [index]: () => [] }, onListenerError: (error) => expect.fail(String(error)) });
  const policies = store<RecoveryPolicy>(targetIndex);
  const written: RecoveryPolicy['status'][] = [];
  const client = {
    apply: async (_: unknown, { status }: Pick<RecoveryPolicy, 'status'>) => {
      written.push(status);
      const applied = policyOf(1, status);
      policies.upsert('', applied);
      return applied;
    },
  };
  const reconciler = new RecoveryPolicyReconciler({
    policies,
    targets: store<RecoveryTarget>(targetIndex),
    states: store<BootstrapState>(targetIndex),
    runs: store<BootstrapRecovery>(ownerIndex),
    metrics: new RecoveryMetrics(new Registry()),
    owner: { client, fieldManager: 'test', metrics: seen.metrics, logger: seen.logger },
    recorder: { event: () => undefined },
    assertLeading: () => undefined,
    clock,
    // Nothing else of the options is used without a target.
  } as unknown as RecoveryPolicyReconcilerOptions);
  policies.upsert('', policyOf(1, {} as RecoveryPolicy['status']));
  const logger = pino({ level: 'silent' });
  const { signal } = new AbortController();
  return {
    clock,
    policies,
    written,
    reconcile: () => reconciler.reconcile(key, { signal, logger, reconcileID: 'test', retries: 0 }),
    /** How often the apps were summed up: each time the status is written, or found to be as it was. */
    sums: () => seen.value('test_status_apply_total', { resource: 'recoverypolicies' }),
  };
}

test('apps that change all the time are summed up once a second, also while that changes nothing', async () => {
  const { clock, reconcile, sums, written } = startReconciler();
  for (let changes = 0; changes < 50; changes += 1) {
    await reconcile();
    await clock.advance(100);
  }
  expect(written).toHaveLength(1);
  expect(await sums()).toBe(5);
});

test('a change that comes too soon is summed up when its second is over, and a changed policy at once', async () => {
  const { clock, policies, reconcile, sums, written } = startReconciler();
  await reconcile();
  await clock.advance(300);
  expect(await reconcile()).toEqual({ requeueAfterMs: 700 });
  expect(await sums()).toBe(1);
  policies.upsert('', policyOf(2, written[0] as RecoveryPolicy['status']));
  await reconcile();
  expect(await sums()).toBe(2);
});
