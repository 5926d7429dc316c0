import type { Lease } from '../../../kube/leaderelection/lease.ts';

/** Without the Lease saying otherwise: the controller's default. */
const leaseSeconds = 15;

/** Who holds a Lease, by what the Lease says. */
export interface LeaseHolder {
  readonly name: string;
  /** As the holder wrote it, by its own clock. */
  readonly renewTime: string;
  /** Milliseconds since the renewal. */
  readonly silentMs: number;
  /** Silent for longer than twice the duration of the Lease. */
  readonly isGone: boolean;
}

/**
 * The holder of a Lease; undefined without a Lease, or when it has been given back.
 *
 * @param time of the API server, where it is known
 */
export function holderOf(lease: Lease | undefined, time: Date): LeaseHolder | undefined {
  const { holderIdentity, renewTime, leaseDurationSeconds = leaseSeconds } = lease?.spec ?? {};
  if (!holderIdentity || renewTime === undefined) {
    return undefined;
  }
  const silentMs = time.getTime() - Date.parse(renewTime);
  return { name: holderIdentity, renewTime, silentMs, isGone: silentMs > 2_000 * leaseDurationSeconds };
}
