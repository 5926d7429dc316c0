import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ReconcilerSlots } from '../../../src/controllers/slots/reconciler-slots.ts';
import { type Slot, SlotPool, type SlotRequest } from '../../../src/controllers/slots/slot-pool.ts';
import type { ObjectKey } from '../../../src/kube/client/object-key.ts';

const key = (name: string): ObjectKey => ({ namespace: 'n', name });
const work = (app: string): SlotRequest => ({
  namespace: 'n',
  target: 'default',
  kind: 'run',
  exclusive: app,
  bytes: 0,
});

function slotsOf(slots: number) {
  const woken: string[] = [];
  const pool = new SlotPool({ slots, bytes: 1 });
  return { woken, pool, keyed: new ReconcilerSlots(pool, ({ name }) => woken.push(name)) };
}

const taken = (slot: ReturnType<ReconcilerSlots['take']>): Slot => {
  if ('refusedBecause' in slot) {
    throw new Error(slot.refusedBecause);
  }
  return slot;
};

test('what waits is woken in its turn, and its slot is kept until it comes', () => {
  const { woken, keyed } = slotsOf(1);
  const first = taken(keyed.take(key('first'), work('a')));
  expect(keyed.take(key('second'), work('b'))).toHaveProperty('refusedBecause');
  first.release();
  expect(woken).toEqual(['second']);
  expect(keyed.take(key('third'), work('c'))).toHaveProperty('refusedBecause');
  taken(keyed.take(key('second'), work('b'))).release();
  expect(woken).toEqual(['second', 'third']);
});

test('a slot kept for what never comes is given to the next', () => {
  const { woken, keyed } = slotsOf(1);
  const first = taken(keyed.take(key('first'), work('a')));
  keyed.take(key('second'), work('b'));
  keyed.take(key('third'), work('c'));
  first.release();
  keyed.forget(key('second'));
  expect(woken).toEqual(['second', 'third']);
  taken(keyed.take(key('third'), work('c')));
});

test('the status of what waits says for what', () => {
  const { keyed } = slotsOf(1);
  const slot = taken(keyed.take(key('first'), work('a')));
  expect(keyed.take(key('second'), work('a'))).toEqual({
    refusedBecause: 'Waits for its turn: when it came, run n/first was working on the same app.',
  });
  expect(keyed.take(key('third'), work('b'))).toEqual({
    refusedBecause:
      'Waits for its turn: when it came, every slot it may have was taken (1 in all, shared by namespace and target).',
  });
  slot.release();
});

test('workers that wait for memory and slots that wait for a worker never wait for each other', async () => {
  const pool = new SlotPool({ slots: 4, bytes: 100 });
  const signal = new AbortController().signal;
  const queue: ObjectKey[] = Array.from({ length: 60 }, (_, index) => ({
    namespace: 'n',
    name: `run-${index}`,
  }));
  const slots = new ReconcilerSlots(pool, (key) => queue.push(key));
  let ended = 0;
  const worker = async (): Promise<void> => {
    for (let key = queue.shift(); key !== undefined || ended < 60; key = queue.shift()) {
      if (key === undefined) {
        await setImmediate();
        continue;
      }
      const target = `t-${Number(key.name.slice(4)) % 20}`;
      const slot = slots.take(key, { namespace: 'n', target, kind: 'run', exclusive: target, bytes: 4 });
      if ('refusedBecause' in slot) {
        continue;
      }
      await setImmediate();
      await slot.grow(60, signal);
      await setImmediate();
      slot.release();
      ended += 1;
    }
  };
  await Promise.all(Array.from({ length: 12 }, worker));
  expect(ended).toBe(60);
  expect(pool.taken).toBe(0);
});
