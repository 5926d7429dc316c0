import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import type { Recoveries, RecoveryRequest, StartedRecovery } from '../../src/shim/runs/recoveries.ts';
import { SingleFlightRecoveries } from '../../src/shim/runs/single-flight.ts';
import { aRun } from './support/a-run.ts';

const order = (appName: string, idempotencyKey?: string): RecoveryRequest => ({
  tenant: { namespace: 'faynosync', target: 'default' },
  admin: 'alice',
  appName,
  timeoutSeconds: 300,
  idempotencyKey,
});
const created: StartedRecovery = { kind: 'created', run: aRun([]) };

/** Recoveries that answer when the test says what. */
function slow() {
  const asked: { readonly order: RecoveryRequest; readonly answer: PromiseWithResolvers<StartedRecovery> }[] =
    [];
  const inner: Recoveries = {
    ready: true,
    isReadyFor: () => true,
    find: () => undefined,
    start: async (given) => {
      const answer = Promise.withResolvers<StartedRecovery>();
      asked.push({ order: given, answer });
      return await answer.promise;
    },
    waitForDecision: async (run) => run,
    withdraw: async () => undefined,
  };
  return { asked, recoveries: new SingleFlightRecoveries(inner, systemClock) };
}

/** Runs every task that is waiting for no answer. */
const turn = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};

describe('orders for one app at the same time', () => {
  test('are one question; the first is answered, the others are in progress', async () => {
    const { asked, recoveries } = slow();
    const answers = [1, 2, 3].map(() => recoveries.start(order('deleg')));
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]?.answer.resolve(created);
    expect((await Promise.all(answers)).map(({ kind }) => kind)).toEqual([
      'created',
      'inProgress',
      'inProgress',
    ]);
    void recoveries.start(order('deleg'));
    await turn();
    expect(asked).toHaveLength(2);
  });

  test('fail together, and the next one asks again', async () => {
    const { asked, recoveries } = slow();
    const answers = [1, 2].map(() => recoveries.start(order('deleg')));
    await turn();
    asked[0]?.answer.reject(new Error('away'));
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void recoveries.start(order('deleg')).catch(() => undefined);
    await turn();
    expect(asked).toHaveLength(2);
  });

  test('ask for themselves when the first was only a repetition, or when they have a key', async () => {
    const { asked, recoveries } = slow();
    const repeated = recoveries.start(order('deleg', 'key'));
    const plain = recoveries.start(order('deleg'));
    const keyed = recoveries.start(order('deleg', 'key'));
    await turn();
    expect(asked.map(({ order: { idempotencyKey } }) => idempotencyKey)).toEqual(['key', 'key']);
    asked[0]?.answer.resolve({ kind: 'repeated', run: aRun([]) });
    await turn();
    expect(asked).toHaveLength(3);
    asked[1]?.answer.resolve({ kind: 'repeated', run: aRun([]) });
    asked[2]?.answer.resolve(created);
    expect((await Promise.all([repeated, plain, keyed])).map(({ kind }) => kind)).toEqual([
      'repeated',
      'created',
      'repeated',
    ]);
  });

  test('do not hold up those of another app, of which 32 are asked for at once and the rest in turn', async () => {
    const { asked, recoveries } = slow();
    const answers = Array.from({ length: 100 }, (_, index) => recoveries.start(order(`app-${index}`)));
    for (let answered = 0; answered < 100; answered += 1) {
      await turn();
      expect(asked.length - answered).toBe(Math.min(32, 100 - answered));
      asked[answered]?.answer.resolve(created);
    }
    expect(new Set((await Promise.all(answers)).map(({ kind }) => kind))).toEqual(new Set(['created']));
    expect(asked.map(({ order: { appName } }) => appName)).toEqual(
      Array.from({ length: 100 }, (_, index) => `app-${index}`),
    );
  });
});
