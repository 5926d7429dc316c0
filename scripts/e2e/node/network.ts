import { execute } from '../../demo/execute.ts';
import { addresses, type NodeAddress } from './addresses.ts';

/**
 * Sets up this network namespace as the control plane's: loopback, and the bridge that nodes are plugged
 * into.
 */
export async function createControlPlaneNetwork(nodes: readonly NodeAddress[]): Promise<void> {
  const { bridge, controlPlane, prefix } = addresses;
  await ip('link', 'set', 'lo', 'up');
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', `${controlPlane}/${prefix}`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  for (const { address, pods } of nodes) {
    await ip('route', 'add', pods, 'via', address);
  }
}

/**
 * Plugs the network namespace of the process `pid` into the bridge, as a node.
 *
 * @param others the other nodes, which have the pods of their ranges
 */
export async function plugIn(
  pid: number,
  { name, address }: NodeAddress,
  others: readonly NodeAddress[],
): Promise<void> {
  const inside = (...args: readonly string[]): Promise<string> =>
    execute('nsenter', [`--target=${pid}`, '--net', 'ip', ...args]);
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await ip('link', 'set', name, 'master', addresses.bridge, 'up');
  await inside('link', 'set', 'lo', 'up');
  await inside('addr', 'add', `${address}/${addresses.prefix}`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  // The kubelet wants a default route, though nothing lies behind it.
  await inside('route', 'add', 'default', 'via', addresses.controlPlane);
  for (const other of others) {
    await inside('route', 'add', other.pods, 'via', other.address);
  }
}

function ip(...args: readonly string[]): Promise<string> {
  return execute('ip', args);
}
