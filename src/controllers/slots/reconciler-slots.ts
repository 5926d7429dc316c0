import { formatObjectKey, type ObjectKey } from '../../kube/client/object-key.ts';
import type { QueuedSlotRequest, Slot, SlotPool, SlotRequest } from './slot-pool.ts';

/** Why there is no slot yet, for the status of the object that waits. */
export interface SlotRefusal {
  readonly refusedBecause: string;
}

interface Claim {
  readonly ticket: QueuedSlotRequest;
  /** Granted and not yet taken. */
  slot: Slot | undefined;
}

/**
 * Slots of a pool for reconcilers: asking never waits, so no worker is held by what waits. What gets no slot
 * is woken when there is one, which is kept until it comes for it or is forgotten.
 */
export class ReconcilerSlots {
  readonly #pool: SlotPool;
  readonly #wake: (key: ObjectKey) => void;
  readonly #claims = new Map<string, Claim>();
  /** What holds each exclusive, for those that have to wait for it. */
  readonly #holders = new Map<string, string>();

  /** @param wake called when a slot is kept for `key`: have it {@link take} it, or {@link forget} it */
  constructor(pool: SlotPool, wake: (key: ObjectKey) => void) {
    this.#pool = pool;
    this.#wake = wake;
  }

  /** The slot of `key`, or why there is none yet. */
  take(key: ObjectKey, work: SlotRequest): Slot | SlotRefusal {
    const name = formatObjectKey(key);
    const claim = this.#claims.get(name) ?? this.#enter(name, key, work);
    const { slot } = claim;
    if (slot === undefined) {
      return { refusedBecause: this.#explain(work) };
    }
    this.#claims.delete(name);
    return this.#held(name, work, slot);
  }

  /** `key` no longer wants a slot. */
  forget(key: ObjectKey): void {
    const name = formatObjectKey(key);
    const claim = this.#claims.get(name);
    this.#claims.delete(name);
    claim?.ticket.cancel();
    claim?.slot?.release();
  }

  #enter(name: string, key: ObjectKey, work: SlotRequest): Claim {
    let entered = false;
    let granted: Slot | undefined;
    const ticket = this.#pool.enter(work, (slot) => {
      if (!entered) {
        granted = slot;
        return;
      }
      claim.slot = slot;
      this.#wake(key);
    });
    entered = true;
    const claim: Claim = { ticket, slot: granted };
    this.#claims.set(name, claim);
    return claim;
  }

  #held(name: string, { exclusive }: SlotRequest, slot: Slot): Slot {
    if (exclusive === undefined) {
      return slot;
    }
    this.#holders.set(exclusive, name);
    return {
      grow: (bytes, signal) => slot.grow(bytes, signal),
      release: () => {
        if (this.#holders.get(exclusive) === name) {
          this.#holders.delete(exclusive);
        }
        slot.release();
      },
    };
  }

  /** Stays true while it waits: telling everything that waits of every change would be most of the work. */
  #explain({ exclusive }: SlotRequest): string {
    const holder = exclusive === undefined ? undefined : this.#holders.get(exclusive);
    return holder === undefined
      ? `Waits for its turn: when it came, every slot it may have was taken (${this.#pool.slots} in all, shared by namespace and target).`
      : `Waits for its turn: when it came, run ${holder} was working on the same app.`;
  }
}
