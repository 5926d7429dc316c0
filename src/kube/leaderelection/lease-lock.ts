import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../async/clock.ts';
import type { APIClient } from '../client/api-client.ts';
import { isConflict, isNotFound } from '../client/api-error.ts';
import { formatMicroTime } from '../client/micro-time.ts';
import type { ObjectMeta, OwnerReference } from '../client/object.ts';
import { LEASES, type Lease, type LeaseSpec } from './lease.ts';

/** Options of {@link LeaseLock}. */
export interface LeaseLockOptions {
  readonly client: Pick<APIClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly name: string;
  /** Unique for this process. */
  readonly identity: string;
  /** Written into the lease: how long it holds without a renewal. */
  readonly durationMs: number;
  /**
   * The pod of this process, in the namespace of the lease. The garbage collector deletes a lease whose
   * holder's pod is gone, so the next holder need not wait for it to expire.
   */
  readonly owner?: OwnerReference;
  /** Labels that the holder gives the lease; those that others gave it stay. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/**
 * A Lease as a lock that expires (client-go: resourcelock.LeaseLock and the acquiring half of its
 * LeaderElector).
 *
 * Expiry is measured on the monotonic clock, from the moment a change of the lease was seen here; the times
 * written into it are for people. So wall clocks may differ between replicas and may jump.
 */
export class LeaseLock {
  readonly #options: LeaseLockOptions;
  /** The lease as last read or written, and when it was seen to change. */
  #observed: { readonly lease: Lease; readonly changedAt: number } | undefined;
  #contactAt = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseLockOptions) {
    this.#options = options;
  }

  /** What the lease said when it was last read or written. */
  get spec(): LeaseSpec {
    return this.#observed?.lease.spec ?? {};
  }

  /** When the lease was last read or written, on the monotonic clock. */
  get contactAt(): number {
    return this.#contactAt;
  }

  /** Milliseconds until the holder's time is up, as far as was seen here; 0 when the lease has no holder. */
  get expiresInMs(): number {
    const { holderIdentity, leaseDurationSeconds } = this.spec;
    if (!holderIdentity || this.#observed === undefined) {
      return 0;
    }
    const durationMs =
      leaseDurationSeconds === undefined ? this.#options.durationMs : leaseDurationSeconds * 1000;
    return Math.max(0, this.#observed.changedAt + durationMs - this.#options.clock.monotonic());
  }

  /**
   * Writes a renewal on top of the lease as last seen, without reading it. False when another process wrote
   * or deleted it since: then only {@link acquire} knows whether it is still ours.
   */
  async renew(signal: AbortSignal): Promise<boolean> {
    const held = this.#observed?.lease;
    if (held === undefined) {
      return false;
    }
    try {
      await this.#replace({ ...held, spec: { ...held.spec, ...this.#renewal() } }, signal);
      return true;
    } catch (error) {
      if (isConflict(error)) {
        return false;
      }
      throw error;
    }
  }

  /**
   * Reads the lease and takes it if it is free, ours or expired. Throws `Conflict` when another candidate was
   * faster.
   */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const lease = await this.#read(signal);
    if (lease === undefined) {
      await this.#create(signal);
      return true;
    }
    const spec = lease.spec ?? {};
    const ours = spec.holderIdentity === this.#options.identity;
    if (!ours && this.expiresInMs > 0) {
      return false;
    }
    const term = ours
      ? {}
      : { acquireTime: this.#wallTime(), leaseTransitions: (spec.leaseTransitions ?? 0) + 1 };
    const metadata = { ...lease.metadata, ...this.#labels(lease.metadata), ...this.#owners(lease.metadata) };
    await this.#replace({ ...lease, metadata, spec: { ...spec, ...term, ...this.#renewal() } }, signal);
    return true;
  }

  /** Gives the lease back, so that the next holder need not wait for it to expire. */
  async release(signal: AbortSignal): Promise<void> {
    const held = this.#observed?.lease;
    if (held === undefined) {
      return;
    }
    try {
      await this.#free(held, signal);
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
      // A renewal that was cut short may have arrived all the same. Or the lease was deleted: the API server
      // answers with Conflict then, too, and there is nothing left to give back.
      const lease = await this.#read(signal);
      if (lease === undefined) {
        return;
      }
      if (lease.spec?.holderIdentity !== this.#options.identity) {
        throw error;
      }
      await this.#free(lease, signal);
    }
  }

  #free(lease: Lease, signal: AbortSignal): Promise<void> {
    // As client-go: no holder, one second. The transitions stay, and with them the count of holders.
    const now = this.#wallTime();
    const free = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    const metadata = { ...lease.metadata, ownerReferences: withoutPods(lease.metadata) };
    return this.#replace({ ...lease, metadata, spec: { ...lease.spec, ...free } }, signal);
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      const lease = await client.get(LEASES, { namespace, name }, { signal });
      this.#observe(lease);
      return lease;
    } catch (error) {
      if (isNotFound(error)) {
        return undefined;
      }
      throw error;
    }
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const spec: LeaseSpec = { ...this.#renewal(), acquireTime: this.#wallTime(), leaseTransitions: 0 };
    const manifest = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name, ...this.#labels(), ...this.#owners() },
      spec,
    };
    this.#observe(await client.create(LEASES, manifest, { signal }));
  }

  /** The resourceVersion that travels with `lease` makes this a Conflict when it was written since. */
  async #replace(lease: Lease, signal: AbortSignal): Promise<void> {
    this.#observe(await this.#options.client.replace(LEASES, lease, { signal }));
  }

  /** Who owns the lease while this process holds it: its pod in place of the former holder's. */
  #owners(before: Owned = {}): Required<Owned> {
    const { owner } = this.#options;
    return { ownerReferences: [...withoutPods(before), ...(owner === undefined ? [] : [owner])] };
  }

  #labels(before: Labelled = {}): Labelled {
    const { labels } = this.#options;
    return labels === undefined ? {} : { labels: { ...before.labels, ...labels } };
  }

  #observe(lease: Lease): void {
    const now = this.#options.clock.monotonic();
    const before = this.#observed;
    const unchanged = before !== undefined && isDeepStrictEqual(before.lease.spec, lease.spec);
    this.#observed = { lease, changedAt: unchanged ? before.changedAt : now };
    this.#contactAt = now;
  }

  #renewal(): LeaseSpec {
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#options.durationMs / 1000),
      renewTime: this.#wallTime(),
    };
  }

  #wallTime(): string {
    return formatMicroTime(this.#options.clock.now());
  }
}

type Labelled = Pick<ObjectMeta, 'labels'>;

type Owned = Pick<ObjectMeta, 'ownerReferences'>;

/** Owners that people gave the lease stay. */
function withoutPods({ ownerReferences = [] }: Owned): readonly OwnerReference[] {
  return ownerReferences.filter(({ kind }) => kind !== 'Pod');
}
