import type { KubernetesObject } from '../client/object.ts';
import type { Resource } from '../client/resource.ts';

/** `coordination.k8s.io/v1` Lease. */
export interface Lease extends KubernetesObject {
  readonly spec?: LeaseSpec;
}

/** Who holds a lease, and until when it holds without being renewed. Times are MicroTime. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** How often the holder changed. */
  readonly leaseTransitions?: number;
}

/** Where leases are kept. */
export const LEASES: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
