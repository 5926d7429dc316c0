import { BlockList } from 'node:net';
import { TerminalError } from '../../errors.ts';
import { bareHost, type HostResolver, resolveHost } from '../../net/dial.ts';
import { isLinkLocal, plainAddress } from '../../net/link-local.ts';

/** What an installation allows targets, no matter who writes them. */
export interface TargetRules {
  /** The namespace of the controller's pod; undefined outside a cluster. */
  readonly podNamespace: string | undefined;
  /** Namespaces whose targets may use the controller's own cloud identity; `*` allows all. */
  readonly ambientNamespaces: readonly string[];
  /** The API server: the controller may reach it where tenants may not. */
  readonly apiServer: () => { readonly host: string; readonly port: number };
}

/** Every one of them reaches this machine, so they count as one. */
const thisMachine = new BlockList();
thisMachine.addSubnet('127.0.0.0', 8);
thisMachine.addAddress('0.0.0.0');
thisMachine.addAddress('::1', 'ipv6');
thisMachine.addAddress('::', 'ipv6');

/**
 * Resolves for connections that targets ask for. Refuses hosts that a target must not send the controller to:
 * it has a place in the network and an identity that those who write targets don't have. A name is judged by
 * what it resolves to at that moment, so it is asked for every connection, and the connection uses its
 * answer.
 *
 * @param resolve what DNS says
 */
export function targetResolver(rules: TargetRules, resolve: HostResolver = resolveHost): HostResolver {
  return async (host, port) => {
    const found = await resolve(host, port);
    const addresses = found.map(({ address }) => address);
    if (addresses.some(isLinkLocal)) {
      throw refused(host, 'a link-local or metadata address');
    }
    const server = rules.apiServer();
    if (port === server.port) {
      const own = await resolve(server.host, server.port).catch(() => []);
      if (own.some((each) => addresses.some((address) => isSame(each.address, address)))) {
        throw refused(host, 'the API server');
      }
    }
    return found;
  };
}

/**
 * Refuses what {@link targetResolver} refuses, before anything is connected to: a proxy may be on the way,
 * which resolves for itself. A name that does not resolve is left to the connection.
 *
 * @param host also an IPv6 address in the brackets of a URL
 * @throws TerminalError `InvalidReference`
 */
export async function assertReachable(host: string, port: number, rules: TargetRules): Promise<void> {
  try {
    await targetResolver(rules)(bareHost(host), port);
  } catch (error) {
    if (error instanceof TerminalError) {
      throw error;
    }
    // Reported by the connection, with what to do about it.
  }
}

function refused(host: string, what: string): TerminalError {
  return new TerminalError(
    'InvalidReference',
    `${host} is ${what}, which no target may name. Put the address of the Redis or the S3 server into the RecoveryTarget.`,
  );
}

function isThisMachine(each: string): boolean {
  const { address, family } = plainAddress(each);
  return thisMachine.check(address, family);
}

/** Whether both addresses lead to one machine. */
function isSame(a: string, b: string): boolean {
  return (isThisMachine(a) && isThisMachine(b)) || plainAddress(a).address === plainAddress(b).address;
}

/**
 * The controller's own cloud identity is for namespaces that the installation names, and for AWS itself: a
 * server of a tenant's choice must not be handed tokens.
 *
 * @throws TerminalError `InvalidReference`
 */
export function assertAmbientAllowed(
  namespace: string,
  endpoint: string | undefined,
  { ambientNamespaces }: TargetRules,
): void {
  if (!ambientNamespaces.includes(namespace) && !ambientNamespaces.includes('*')) {
    throw new TerminalError(
      'InvalidReference',
      `storage.ambient: targets in namespace ${namespace} may not use the controller's own identity. Set storage.credentialsSecretRef, or allow the namespace with --ambient-identity-namespaces (chart: controller.ambientIdentityNamespaces).`,
    );
  }
  if (endpoint !== undefined) {
    throw new TerminalError(
      'InvalidReference',
      "storage.ambient: the controller's own identity is for AWS alone and never goes to storage.endpoint. Set storage.credentialsSecretRef.",
    );
  }
}
