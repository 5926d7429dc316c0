import { readFileSync, writeFileSync } from 'node:fs';
import { threadCpuUsage } from 'node:process';

/** What a {@link Meter} measured. */
export interface Measured {
  readonly milliseconds: number;
  /**
   * Most processor time that the main thread used between two turns of its event loop: how long it blocks
   * on a machine that has nothing else to do. Unlike a delay, it does not grow with the load of the
   * machine.
   */
  readonly blockedMs: number;
  /** Peak of resident memory; elsewhere than on Linux, of the process so far. */
  readonly peakMiB: number;
  /** Resident memory before it began, after a collection: what was left of what came before. */
  readonly restMiB: number;
}

const TICK_MS = 5;

/** Measures time, memory and the longest turn of this process's event loop from now on. */
export class Meter {
  readonly #start = performance.now();
  readonly #restMiB: number;
  readonly #timer: NodeJS.Timeout;
  #before: number;
  #longest = 0;

  constructor() {
    forgetPeak();
    this.#restMiB = Math.round(process.memoryUsage.rss() / 2 ** 20);
    this.#before = cpuMicroseconds();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  stop(): Measured {
    this.#tick();
    clearInterval(this.#timer);
    return {
      milliseconds: Math.round(performance.now() - this.#start),
      blockedMs: Math.round(this.#longest / 1000),
      peakMiB: Math.round(peakKiB() / 1024),
      restMiB: this.#restMiB,
    };
  }

  #tick(): void {
    const now = cpuMicroseconds();
    this.#longest = Math.max(this.#longest, now - this.#before);
    this.#before = now;
  }
}

function cpuMicroseconds(): number {
  const { user, system } = threadCpuUsage();
  return user + system;
}

/** Collects what came before, with --expose-gc, and starts the kernel's peak of resident memory anew. */
function forgetPeak(): void {
  globalThis.gc?.();
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: the peak then covers more.
  }
}

function peakKiB(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
