/**
 * The network plan of the cluster. It lives in network namespaces of its own, so nothing outside can collide
 * with it.
 */
export const addresses = {
  /** Joins the control plane and the nodes. */
  bridge: 'e2e0',
  /** The control plane's own address on that bridge. */
  controlPlane: '172.31.0.1',
  prefix: 24,
  pods: '10.244.0.0/16',
  services: '10.96.0.0/16',
  /** The Service `kubernetes`. */
  kubernetes: '10.96.0.1',
  /** The Service of the cluster DNS. */
  dns: '10.96.0.10',
} as const;

/** A node's place in the plan. */
export interface NodeAddress {
  readonly name: string;
  readonly address: string;
  readonly pods: string;
}

/** The two nodes. */
export const nodeAddresses: readonly NodeAddress[] = [1, 2].map((number) => ({
  name: `node-${number}`,
  address: `172.31.0.${10 + number}`,
  pods: `10.244.${number}.0/24`,
}));
