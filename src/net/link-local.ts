import { BlockList, isIP, SocketAddress } from 'node:net';
import { type HostResolver, resolveHost } from './dial.ts';

/**
 * Addresses that answer only those on the same node or the node itself: metadata services of clouds among
 * them.
 */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16);
linkLocal.addSubnet('fe80::', 10, 'ipv6');
// AWS, over IPv6.
linkLocal.addAddress('fd00:ec2::254', 'ipv6');
// Alibaba Cloud and Oracle Cloud use addresses outside the link-local range.
linkLocal.addAddress('100.100.100.200');
linkLocal.addAddress('192.0.0.192');
// The same behind NAT64 (RFC 6052).
linkLocal.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
linkLocal.addAddress('64:ff9b::6464:64c8', 'ipv6');
linkLocal.addAddress('64:ff9b::c000:c0', 'ipv6');

/** An IP address in its shortest form, without a zone; an IPv4 address inside an IPv6 one as what it is. */
export function plainAddress(text: string): { readonly address: string; readonly family: 'ipv4' | 'ipv6' } {
  const [withoutZone = ''] = text.split('%');
  if (isIP(withoutZone) !== 6) {
    return { address: withoutZone, family: 'ipv4' };
  }
  const { address } = new SocketAddress({ address: withoutZone, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  return mapped === undefined ? { address, family: 'ipv6' } : { address: mapped, family: 'ipv4' };
}

/**
 * Whether an IP address is link-local, or a metadata service's. An IPv4 address inside an IPv6 one
 * (`::ffff:…`) is checked as what it is.
 */
export function isLinkLocal(address: string): boolean {
  const plain = plainAddress(address);
  return linkLocal.check(plain.address, plain.family);
}

/**
 * Resolves a host for a connection, and refuses one that has a link-local address: what was checked is what
 * is connected to, so that a name can't change its address in between.
 */
export const resolveBeyondLinkLocal: HostResolver = async (host, port) => {
  const addresses = await resolveHost(host, port);
  if (addresses.some(({ address }) => isLinkLocal(address))) {
    throw new Error(`${host} has a link-local or metadata address`);
  }
  return addresses;
};
