/** What wants to work, and how it is shared out. */
export interface SlotRequest {
  /** The tenant. */
  readonly namespace: string;
  /** Name of the RecoveryTarget in that namespace. */
  readonly target: string;
  readonly kind: 'run' | 'verification' | 'probe';
  /** Work of the same `exclusive` never runs at once; left out: shares with everything. */
  readonly exclusive?: string;
  /** Bytes of memory it needs, as far as is known; {@link Slot.grow} takes more. */
  readonly bytes: number;
}

/** The right to work; giving it back twice does nothing. */
export interface Slot {
  /**
   * Makes sure that the work may use so many bytes in all. When they are not free, the slot itself is given
   * back while this waits for both, before everything that has not begun, so that waiting holds nothing
   * others need.
   *
   * Rejects with the signal's reason when that aborts first; the slot is given back then.
   */
  grow(bytes: number, signal: AbortSignal): Promise<void>;
  release(): void;
}

/** Work in the queue; cancelling what was granted or cancelled before does nothing. */
export interface QueuedSlotRequest {
  cancel(): void;
}

/** What a {@link SlotPool} has to share out. */
export interface SlotPoolOptions {
  /** Works at once, over everything. At least 1. */
  readonly slots: number;
  /** Bytes of memory in use at once. Work that needs more than three quarters of it is counted with those. */
  readonly bytes: number;
  /** Most slots of one kind at once; left out: all of them. */
  readonly perKind?: Readonly<Partial<Record<SlotRequest['kind'], number>>>;
}

interface Entry {
  readonly work: SlotRequest;
  /** Held, or waited for. */
  bytes: number;
  readonly granted: () => void;
  /** Counts up. */
  readonly arrival: number;
  /** How often others went ahead because their bytes were free and these were not. */
  passed: number;
}

/**
 * After being passed so often, work that waits for memory holds back everything behind it, or it could
 * starve.
 */
const maxPassed = 16;

/** What waits for one target, by kind and then in order of arrival. */
type Line = Map<SlotRequest['kind'], Set<Entry>>;

/** Slots by whom they are held, and what may not run beside what runs. */
interface Holdings {
  readonly namespaces: Map<string, number>;
  /** Bytes by namespace. */
  readonly bytes: Map<string, number>;
  /** By namespace and kind. */
  readonly kindsOf: Map<string, number>;
  /** By namespace, then by target. */
  readonly targets: Map<string, Map<string, number>>;
  readonly kinds: Map<string, number>;
  readonly exclusive: Set<string>;
}

/**
 * How many works that have begun may wait for memory without a slot. Each of them keeps a worker of its
 * controller, and a slot that is granted needs a worker to come for it: without this bound every worker could
 * wait for a slot, and every slot for a worker. Those beyond it keep their slots, and hold no memory.
 */
const maxGrowing = 4;

/** Namespaces and targets whose last turn is remembered; a forgotten one comes first, once. */
const maxTurns = 10_000;

/**
 * Slots and memory, shared fairly. Of all that waits, the namespace that holds the fewest slots comes first,
 * then of its targets the one that holds the fewest, then the one that waited longest since its last turn,
 * then the first to come.
 *
 * A target, and a namespace, never holds all of anything while there is more than one: of the slots, of the
 * slots of one kind, of the memory, of the places for work that waits for more memory. Work that hangs until
 * its time-out would otherwise delay all others by as much.
 */
export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #share: number;
  /** Memory that one namespace may have, and that one work is counted with at most. */
  readonly #bytesOfOne: number;
  readonly #held = new Set<Entry>();
  /** Has begun, and waits for a slot and more memory. It goes before what has not begun. */
  readonly #growing = new Set<Entry>();
  /** Has begun, kept its slot, and waits for more memory: what it will hold → what it holds. */
  readonly #short = new Map<Entry, Entry>();
  /** By namespace, then by target. */
  readonly #waiting = new Map<string, Map<string, Line>>();
  #arrivals = 0;
  /** The number of the last turn of each namespace and each target. */
  readonly #lastTurns = new Map<string, number>();
  #turn = 0;
  #freeBytes: number;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
    this.#share = shareOf(options.slots);
    this.#bytesOfOne = Math.max(0, options.bytes - Math.ceil(options.bytes / 4));
    this.#freeBytes = options.bytes;
  }

  /** How many slots there are. */
  get slots(): number {
    return this.#options.slots;
  }

  /** How many slots are taken. */
  get taken(): number {
    return this.#held.size;
  }

  /** How many works wait. */
  get waiting(): number {
    let count = this.#growing.size + this.#short.size;
    for (const targets of this.#waiting.values()) {
      for (const line of targets.values()) {
        for (const entries of line.values()) {
          count += entries.size;
        }
      }
    }
    return count;
  }

  /**
   * Queues for a slot. `granted` is called exactly once unless cancelled: before this returns when there is a
   * slot now, else when there is one.
   */
  enter(work: SlotRequest, granted: (slot: Slot) => void): QueuedSlotRequest {
    const entry = this.#entry(work, work.bytes, () => granted(this.#slot(entry)));
    this.#enqueue(entry);
    this.#shareOut();
    return { cancel: () => this.#leave(entry) };
  }

  #slot(first: Entry): Slot {
    let held: Entry | undefined = first;
    const release = (): void => {
      const given = held;
      // First, because what is free now may be granted to this very slot again.
      held = undefined;
      if (given !== undefined) {
        this.#free(given);
      }
    };
    const grow = async (bytes: number, signal: AbortSignal): Promise<void> => {
      const before = held;
      if (before === undefined || bytes <= before.bytes) {
        return;
      }
      signal.throwIfAborted();
      const entry = this.#entry(before.work, bytes, () => granted());
      if (this.#isFree(entry.work, entry.bytes - before.bytes)) {
        this.#freeBytes -= entry.bytes - before.bytes;
        before.bytes = entry.bytes;
        return;
      }
      const leaves = this.#mayLeave(entry);
      let granted = (): void => undefined;
      await new Promise<void>((resolve, reject) => {
        granted = () => {
          signal.removeEventListener('abort', onAbort);
          held = leaves ? entry : before;
          resolve();
        };
        const onAbort = (): void => {
          this.#leave(entry);
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        if (leaves) {
          this.#growing.add(entry);
          release();
        } else {
          this.#short.set(entry, before);
          this.#freeBytes += before.bytes;
          before.bytes = 0;
          this.#shareOut();
        }
      });
    };
    return { grow, release };
  }

  #entry(work: SlotRequest, bytes: number, granted: () => void): Entry {
    this.#arrivals += 1;
    return {
      work,
      bytes: Math.min(bytes, this.#bytesOfOne),
      granted,
      arrival: this.#arrivals,
      passed: 0,
    };
  }

  #enqueue(entry: Entry): void {
    const { namespace, target, kind } = entry.work;
    const targets = this.#waiting.get(namespace) ?? new Map<string, Line>();
    const line: Line = targets.get(target) ?? new Map();
    const entries = line.get(kind) ?? new Set<Entry>();
    line.set(kind, entries.add(entry));
    targets.set(target, line);
    this.#waiting.set(namespace, targets);
  }

  #leave(entry: Entry): void {
    if (this.#dequeue(entry)) {
      // It may have been all that held back the ones behind it.
      this.#shareOut();
    }
  }

  #dequeue(entry: Entry): boolean {
    if (this.#growing.delete(entry) || this.#short.delete(entry)) {
      return true;
    }
    const { namespace, target, kind } = entry.work;
    const targets = this.#waiting.get(namespace);
    const line = targets?.get(target);
    const entries = line?.get(kind);
    if (targets === undefined || line === undefined || entries?.delete(entry) !== true) {
      return false;
    }
    if (entries.size === 0) {
      line.delete(kind);
    }
    if (line.size === 0) {
      targets.delete(target);
    }
    if (targets.size === 0) {
      this.#waiting.delete(namespace);
    }
    return true;
  }

  #free(entry: Entry): void {
    this.#held.delete(entry);
    this.#freeBytes += entry.bytes;
    this.#shareOut();
  }

  #shareOut(): void {
    for (const [entry, holder] of this.#short) {
      if (this.#isFree(entry.work, entry.bytes)) {
        this.#short.delete(entry);
        this.#freeBytes -= entry.bytes;
        holder.bytes = entry.bytes;
        entry.granted();
      }
    }
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#dequeue(next);
      this.#endTurn(next.work);
      this.#held.add(next);
      this.#freeBytes -= next.bytes;
      next.granted();
    }
  }

  /** Whether there are so many bytes more for a work, and its namespace may have them. */
  #isFree({ namespace }: SlotRequest, bytes: number): boolean {
    let held = 0;
    for (const each of this.#held) {
      held += each.work.namespace === namespace ? each.bytes : 0;
    }
    return bytes <= this.#freeBytes && held + bytes <= this.#bytesOfOne;
  }

  /** Whether there is a place for a work that waits for memory without a slot. */
  #mayLeave({ work }: Entry): boolean {
    const own = [...this.#growing].filter((each) => each.work.namespace === work.namespace).length;
    return this.#growing.size < maxGrowing && own < shareOf(maxGrowing);
  }

  /**
   * The namespaces in which nothing new may begin, because what has begun there was passed too often while it
   * waited for memory; undefined when nothing may begin at all, because it waits for memory of others.
   */
  #heldBack(held: Holdings): ReadonlySet<string> | undefined {
    const namespaces = new Set<string>();
    for (const entry of [...this.#growing, ...this.#short.keys()]) {
      if (entry.passed >= maxPassed) {
        const waitsForOthers = this.#mayHold(entry, held) && entry.bytes > this.#freeBytes;
        if (waitsForOthers) {
          return undefined;
        }
        namespaces.add(entry.work.namespace);
      }
    }
    return namespaces;
  }

  /** Whether the shares of its namespace and target allow what has begun what it waits for. */
  #mayHold(entry: Entry, held: Holdings): boolean {
    const { namespace, target } = entry.work;
    const ofTarget = held.targets.get(namespace)?.get(target) ?? 0;
    const keepsSlot = this.#short.has(entry);
    return (
      (keepsSlot || ((held.namespaces.get(namespace) ?? 0) < this.#share && ofTarget < this.#share)) &&
      (held.bytes.get(namespace) ?? 0) + entry.bytes <= this.#bytesOfOne
    );
  }

  /** Who had a turn goes to the end of the line, also when it comes back only later. */
  #endTurn({ namespace, target }: SlotRequest): void {
    this.#turn += 1;
    for (const line of [namespace, lineOf(namespace, target)]) {
      // Deleted first, so that the map is in the order of turns and the oldest can be dropped.
      this.#lastTurns.delete(line);
      this.#lastTurns.set(line, this.#turn);
    }
    for (const [line] of this.#lastTurns) {
      if (this.#lastTurns.size <= maxTurns) {
        break;
      }
      this.#lastTurns.delete(line);
    }
  }

  /** What is to work next; undefined when nothing may. */
  #next(): Entry | undefined {
    const { slots, perKind = {} } = this.#options;
    if (this.#held.size >= slots) {
      return undefined;
    }
    const held = this.#holdings();
    const resumed = this.#nextGrowing(held);
    const heldBack = this.#heldBack(held);
    if (resumed !== undefined || heldBack === undefined) {
      return resumed;
    }
    const passed: Entry[] = [];
    // Others may be waiting for what this namespace may have no more of.
    const exceeds = ({ work: { namespace }, bytes }: Entry): boolean =>
      (held.bytes.get(namespace) ?? 0) + bytes > this.#bytesOfOne;
    const namespaces = inOrder(this.#waiting, held.namespaces, (line) => this.#lastTurns.get(line));
    for (const [namespace, targets] of namespaces) {
      if ((held.namespaces.get(namespace) ?? 0) >= this.#share || heldBack.has(namespace)) {
        continue;
      }
      const holdings = held.targets.get(namespace) ?? new Map<string, number>();
      const lastTurn = (target: string) => this.#lastTurns.get(lineOf(namespace, target));
      const isFree = (kind: SlotRequest['kind']): boolean => {
        const ofKind = perKind[kind] ?? slots;
        const ofNamespace = held.kindsOf.get(lineOf(namespace, kind)) ?? 0;
        return (held.kinds.get(kind) ?? 0) < ofKind && ofNamespace < shareOf(ofKind);
      };
      for (const [target, line] of inOrder(targets, holdings, lastTurn)) {
        if ((holdings.get(target) ?? 0) >= this.#share) {
          continue;
        }
        // What waits for a kind that is taken is not visited: it can be ten thousand verifications, and each
        // that comes or ends leads here.
        const free = [...line].flatMap(([kind, entries]) => (isFree(kind) ? [entries] : []));
        for (const entry of inOrderOfArrival(free)) {
          const { exclusive } = entry.work;
          if ((exclusive !== undefined && held.exclusive.has(exclusive)) || exceeds(entry)) {
            continue;
          }
          if (entry.bytes > this.#freeBytes) {
            if (entry.passed >= maxPassed) {
              return undefined;
            }
            passed.push(entry);
            continue;
          }
          for (const other of [...passed, ...this.#growing, ...this.#short.keys()]) {
            other.passed += 1;
          }
          return entry;
        }
      }
    }
    return undefined;
  }

  /** Of what has begun, the first whose memory is free. What it excludes has waited for it all the time. */
  #nextGrowing(held: Holdings): Entry | undefined {
    for (const entry of this.#growing) {
      if (this.#mayHold(entry, held) && entry.bytes <= this.#freeBytes) {
        return entry;
      }
    }
    return undefined;
  }

  #holdings(): Holdings {
    const namespaces = new Map<string, number>();
    const targets = new Map<string, Map<string, number>>();
    const kinds = new Map<string, number>();
    const kindsOf = new Map<string, number>();
    const bytes = new Map<string, number>();
    const exclusive = new Set<string>();
    for (const { work, bytes: held } of this.#held) {
      const ofNamespace = targets.get(work.namespace) ?? new Map<string, number>();
      targets.set(work.namespace, ofNamespace);
      count(namespaces, work.namespace);
      count(ofNamespace, work.target);
      count(kinds, work.kind);
      count(kindsOf, lineOf(work.namespace, work.kind));
      count(bytes, work.namespace, held);
      if (work.exclusive !== undefined) {
        exclusive.add(work.exclusive);
      }
    }
    for (const { work } of this.#growing) {
      if (work.exclusive !== undefined) {
        exclusive.add(work.exclusive);
      }
    }
    return { namespaces, bytes, targets, kinds, kindsOf, exclusive };
  }
}

function count(counts: Map<string, number>, key: string, more = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

/** The most of something that one namespace or target may have: three quarters, and never nothing. */
function shareOf(all: number): number {
  return Math.max(1, all - Math.ceil(all / 4));
}

/** A `/` is in no name of a namespace, so a line is of one namespace or of one target. */
function lineOf(namespace: string, target: string): string {
  return `${namespace}/${target}`;
}

/** Those that hold the fewest first; among equals those whose last turn is longest ago, or that had none. */
function inOrder<V>(
  lines: ReadonlyMap<string, V>,
  held: ReadonlyMap<string, number>,
  lastTurn: (line: string) => number | undefined,
): readonly (readonly [string, V])[] {
  return [...lines].sort(
    ([a], [b]) => (held.get(a) ?? 0) - (held.get(b) ?? 0) || (lastTurn(a) ?? 0) - (lastTurn(b) ?? 0),
  );
}

/** Merges lists of which each is in order of arrival. */
function* inOrderOfArrival(lists: readonly ReadonlySet<Entry>[]): Generator<Entry> {
  const iterators = lists.map((entries) => entries.values());
  const heads = iterators.map((iterator) => iterator.next().value);
  for (;;) {
    let first: number | undefined;
    for (const [at, head] of heads.entries()) {
      const earliest = first === undefined ? undefined : heads[first];
      if (head !== undefined && (earliest === undefined || head.arrival < earliest.arrival)) {
        first = at;
      }
    }
    const entry = first === undefined ? undefined : heads[first];
    if (first === undefined || entry === undefined) {
      return;
    }
    yield entry;
    heads[first] = iterators[first]?.next().value;
  }
}
