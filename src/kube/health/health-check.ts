import type { Cache } from '../cache/cache.ts';
import type { LeaderElector } from '../leaderelection/leader-elector.ts';
import type { EventLoopMonitor } from './event-loop-monitor.ts';

/** One question a probe asks. */
export interface HealthCheck {
  /** Lower-case, with hyphens: shown in the answer, and can be requested alone. */
  readonly name: string;
  /** What is wrong and what to do about it; undefined when nothing is. */
  problem(): string | undefined;
}

/**
 * Readiness: every cache holds a complete list of the cluster, or of at least one of the namespaces watched
 * one by one. One that can't be listed is in the log and in the metrics; it must not take the others out of
 * service.
 */
export function cachesSynced(caches: readonly Cache[]): HealthCheck {
  return {
    name: 'caches-synced',
    problem() {
      const waiting = caches.filter((cache) => !cache.hasSynced);
      const namespaces = caches[0]?.namespaces ?? [];
      const isServed = namespaces.some((namespace) => caches.every((cache) => cache.hasSyncedFor(namespace)));
      if (waiting.length === 0 || isServed) {
        return undefined;
      }
      const said = waiting.map(
        ({ resource, failures }) => `${resource.plural} (${failures.join('; ') || 'listing'})`,
      );
      return `not listed yet: ${said.join(', ')}`;
    },
  };
}

/**
 * Readiness: this replica leads, or knows which one does. A lease that can't be written would leave all
 * replicas idle and healthy.
 */
export function leaseKnown(elector: LeaderElector): HealthCheck {
  return {
    name: 'lease-known',
    problem: () =>
      elector.isKnown
        ? undefined
        : 'the lease was neither read nor written for twice its duration; check the permissions on leases and the API server',
  };
}

/**
 * Liveness: every watch loop still turns. It turns while the API server is away too: restarting would not
 * help then.
 */
export function watchesAlive(caches: readonly Cache[], maxIdleMs: number): HealthCheck {
  return {
    name: 'watches-alive',
    problem() {
      const stuck = caches.filter((cache) => cache.idleMs > maxIdleMs);
      return stuck.length === 0
        ? undefined
        : `no sign of life for ${maxIdleMs} ms from the watch of ${stuck.map(({ resource }) => resource.plural).join(', ')}`;
    },
  };
}

/** Liveness: the event loop gets its turn. */
export function eventLoopResponsive(monitor: EventLoopMonitor, maxDelayMs: number): HealthCheck {
  return {
    name: 'event-loop',
    problem() {
      const delayMs = monitor.p99Ms;
      return delayMs > maxDelayMs
        ? `the event loop is late by ${Math.round(delayMs)} ms (99th percentile), more than ${maxDelayMs} ms; give the process more CPU`
        : undefined;
    },
  };
}
