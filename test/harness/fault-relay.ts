import { type EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Direction, Fault } from './fault.ts';

const MAX_HELD_BYTES = 4 * 1024 * 1024;
const SLICES_PER_SECOND = 20;

/** One direction of one connection. */
export interface Link {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  /** What is wrong right now; asked again for every chunk. */
  faults(): readonly Fault[];
  /** Emits `change` when the answer of {@link faults} changes. */
  readonly changes: EventEmitter;
  /** Called for every chunk that was handed on. */
  count(bytes: number): void;
}

/** Hands on what one side sends, and how it ends, with the faults of the moment. Never rejects. */
export async function relay(link: Link): Promise<void> {
  const { from, to } = link;
  const passed: Passed = new Map();
  let queue = Promise.resolve();
  let held = 0;
  try {
    // The write half of a socket must survive the end of its read half.
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      held += chunk.length;
      // The clock of a delay starts on arrival, so that a stream is late and not slow.
      const late = delay(delayOf(link), undefined, { ref: false });
      queue = queue.then(async () => {
        await late;
        await deliver(chunk, link, passed);
        held -= chunk.length;
      });
      if (held > MAX_HELD_BYTES) {
        await queue;
      }
    }
    await queue;
    await passage(link, passed);
    to.end();
  } catch {
    // The sending side was reset or destroyed: that is what the other side is to see, and all there is to do.
    await queue.catch(() => undefined);
    await passage(link, passed);
    to.resetAndDestroy();
  }
}

/** For a fault that begins later on, how many bytes of this link count for it. */
type Passed = Map<Fault, number>;

async function deliver(chunk: Buffer, link: Link, passed: Passed): Promise<void> {
  if (active(link, 'swallow').some(({ text }) => chunk.includes(text))) {
    return;
  }
  if (active(link, 'hangUp').some(({ text }) => chunk.includes(text))) {
    link.from.resetAndDestroy();
    link.to.resetAndDestroy();
    return;
  }
  for (const fault of active(link, 'hold').filter(({ text }) => chunk.includes(text))) {
    passed.set(fault, chunk.length);
  }
  let rest = chunk;
  while (rest.length > 0) {
    await passage(link, passed);
    if (link.to.destroyed) {
      return;
    }
    const slice = rest.subarray(0, Math.min(rest.length, ...limits(link, passed)));
    rest = rest.subarray(slice.length);
    if (slice.length > 0) {
      await write(link.to, slice);
      link.count(slice.length);
    }
    if (endIfDue(link, passed, slice.length)) {
      return;
    }
    const bandwidth = active(link, 'bandwidth')[0];
    if (bandwidth) {
      await delay((slice.length / bandwidth.bytesPerSecond) * 1000, undefined, { ref: false });
    }
  }
}

/** How many bytes may be handed on at once. */
function limits(link: Link, passed: ReadonlyMap<Fault, number>): number[] {
  return [
    ...active(link, 'bandwidth').map((fault) =>
      Math.max(1, Math.ceil(fault.bytesPerSecond / SLICES_PER_SECOND)),
    ),
    ...[...active(link, 'cut'), ...active(link, 'reset')].map((fault) =>
      Math.max(0, fault.afterBytes - (passed.get(fault) ?? 0)),
    ),
  ];
}

function endIfDue(link: Link, passed: Passed, bytes: number): boolean {
  for (const fault of [...active(link, 'cut'), ...active(link, 'reset')]) {
    const total = (passed.get(fault) ?? 0) + bytes;
    passed.set(fault, total);
    if (total >= fault.afterBytes) {
      const end = (socket: Socket): void =>
        void (fault.kind === 'cut' ? socket.end() : socket.resetAndDestroy());
      end(link.to);
      end(link.from);
      return true;
    }
  }
  return false;
}

/** Waits while the direction is a black hole. */
async function passage(link: Link, passed: Passed): Promise<void> {
  while (active(link, 'blackHole').length > 0 || active(link, 'hold').some((fault) => passed.has(fault))) {
    await once(link.changes, 'change');
  }
}

function delayOf(link: Link): number {
  return active(link, 'delay').reduce((sum, { ms }) => sum + ms, 0);
}

function active<K extends Fault['kind']>(link: Link, kind: K): Extract<Fault, { kind: K }>[] {
  const ofKind = (fault: Fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind;
  return link
    .faults()
    .filter(ofKind)
    .filter(
      (fault) =>
        !('direction' in fault) || fault.direction === undefined || fault.direction === link.direction,
    );
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // An error is the socket's end, which the relay of the other direction sees.
    socket.write(bytes, () => resolve());
  });
}
