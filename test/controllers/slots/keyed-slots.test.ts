import { expect, test } from 'vitest';
import { KeyedSlots } from '../../../src/controllers/slots/keyed-slots.ts';
import { type Slot, SlotPool, type Work } from '../../../src/controllers/slots/slot-pool.ts';
import type { ObjectKey } from '../../../src/kube/client/object-key.ts';

const key = (name: string): ObjectKey => ({ namespace: 'n', name });
const work = (app: string): Work => ({
  namespace: 'n',
  target: 'default',
  kind: 'run',
  exclusive: app,
  bytes: 0,
});

function slotsOf(slots: number) {
  const woken: string[] = [];
  const pool = new SlotPool({ slots, bytes: 1 });
  return { woken, pool, keyed: new KeyedSlots(pool, ({ name }) => woken.push(name)) };
}

const taken = (slot: ReturnType<KeyedSlots['take']>): Slot => {
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
