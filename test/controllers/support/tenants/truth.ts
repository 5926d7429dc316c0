import type { BootstrapState } from '../../../../src/api/bootstrapstate.generated.ts';
import { findCondition } from '../../../../src/api/condition.ts';
import type { RecoveryPolicy } from '../../../../src/api/recoverypolicy.generated.ts';
import type { RecoveryTarget } from '../../../../src/api/recoverytarget.generated.ts';
import { bootstrapStates, recoveryPolicies, recoveryTargets } from '../../../../src/api/resources.ts';
import { systemClock } from '../../../../src/async/clock.ts';
import { Informer } from '../../../../src/kube/cache/informer.ts';
import type { APIClient } from '../../../../src/kube/client/api-client.ts';
import type { Resource } from '../../../../src/kube/client/resource.ts';
import { observed } from '../../../kube/fixtures/observed.ts';

type Judged = RecoveryTarget | RecoveryPolicy | BootstrapState;

/** What the objects of a tenant say when all is well. */
const whenAllIsWell: readonly (readonly [Resource<Judged>, Readonly<Record<string, string>>])[] = [
  [recoveryTargets as Resource<Judged>, { Ready: 'True' }],
  [recoveryPolicies as Resource<Judged>, { Ready: 'True', LossDetected: 'False' }],
  [bootstrapStates as Resource<Judged>, { Healthy: 'True' }],
];

/** What the objects of a namespace say now that is not so when all is well. */
export async function untruthsOf(client: APIClient, namespace: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    whenAllIsWell.map(async ([resource, expected]) => {
      const { items } = await client.list<Judged>(resource, { namespace });
      return items.flatMap((object) => wrongConditions(resource, object, expected));
    }),
  );
  return lists.flat();
}

/** Notes what objects say, however short they say it. */
export interface TruthWatch extends AsyncDisposable {
  /** Calls `work`; returns what the objects said meanwhile that is not so when all is well. */
  during(work: () => Promise<unknown>): Promise<readonly string[]>;
}

/** Watches the objects of a namespace. */
export async function watchTruth(client: APIClient, namespace: string): Promise<TruthWatch> {
  const stop = new AbortController();
  const { metrics, logger } = observed();
  let untruths: string[] | undefined;
  const watching = whenAllIsWell.map(async ([resource, expected]) => {
    const informer = new Informer<Judged>({
      client,
      resource,
      namespaces: [namespace],
      logger,
      metrics,
      clock: systemClock,
      random: Math.random,
    });
    informer.store.subscribe(({ object }) => untruths?.push(...wrongConditions(resource, object, expected)));
    const run = informer.run(stop.signal);
    await informer.synced;
    return { run };
  });
  const runs = await Promise.all(watching);
  return {
    async during(work) {
      const noted: string[] = [];
      untruths = noted;
      try {
        await work();
      } finally {
        untruths = undefined;
      }
      return noted;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(runs.map(({ run }) => run));
    },
  };
}

function wrongConditions(
  { kind }: Resource,
  { metadata, status }: Judged,
  expected: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(expected).flatMap(([type, wanted]) => {
    const condition = findCondition(status.conditions, type);
    return condition?.status === wanted
      ? []
      : [
          `${kind} ${metadata.namespace}/${metadata.name} ${type}=${condition?.status} ${condition?.reason}: ${condition?.message}`,
        ];
  });
}
